/**
 * What is recorded, for everybody who waits for it: one look at the ledger's end serves them all, and those who follow are told
 * together, in turns.
 *
 * @module
 */
import type { LedgerShape, RecordedEvent } from "@waybill/ledger"
import { Clock, Deferred, Effect, Fiber, Option, type Scope, Stream } from "effect"
import { firstTold, Recent, recent_limits, type RecentLimits, type Told } from "./Recent.ts"

/** How much is read at once of what is sent on no faster than a reader takes it: one who takes nothing holds no more. */
export const small_pages = { page_records: 256, page_bytes: 262_144 } as const

/** Somebody who is told what is recorded. */
export interface Follower {
  /** Sends, and waits until the peer has taken enough. */
  readonly send: (bytes: Uint8Array) => Effect.Effect<void>
  /** Sends without a look at what the peer has taken. */
  readonly push: (bytes: Uint8Array) => void
  /** Whether the peer has taken enough of it. */
  readonly hasTaken: () => boolean
  /** Waits until it has. */
  readonly taken: Effect.Effect<void>
}

export interface Feed {
  /** Waits until something stands above a position, for at most this long, or until the server stops. */
  readonly waitBeyond: (position: number, time_ms: number) => Effect.Effect<void>
  /**
   * Tells everything above a position, then whatever comes; ends when the server stops. What came lately stands in
   * memory once, for those who are behind as well.
   */
  readonly follow: (after: number, follower: Follower) => Effect.Effect<void, Error>
  /** Ends everybody's wait, for good. */
  readonly close: Effect.Effect<void>
  readonly isClosed: () => boolean
  readonly followers: () => number
}

/** How much of what comes may wait for the next turn; of more, the ledger is read again. */
const tail_pages = { page_records: 8192, page_bytes: 4_194_304 } as const
/** Where so much has come at once, there may be more behind it: the next turn begins as soon as it is told. */
const many_records = tail_pages.page_records / 2
const many_bytes = tail_pages.page_bytes / 2

/** How often a follower is told something, at most: all of them are at the same moments, one text for all. */
const turn_ms = 50
/** How much longer a turn lasts than telling them takes, so that those who submit wait for followers a fiftieth of the time… */
const turn_share = 50
/** …as long as nobody is told later than this… */
const turn_ms_max = 250

/** …and as much would not come meanwhile as is sent at once: to tell more at a time costs no less. */
const turnAfter = (telling_ms: number, bytes_per_ms: number): number =>
  Math.max(turn_ms, Math.min(turn_ms_max, turn_share * telling_ms, recent_limits.sent_bytes / bytes_per_ms))

const monotonic_ms = Effect.map(Clock.monotonicTimeNanos, (time_ns) => Number(time_ns) / 1_000_000)

/** Somebody who has been told everything. */
interface Live {
  position: number
  readonly follower: Follower
  /** Lets him go on by himself: he is too slow, or nobody watches. */
  readonly leave: () => void
}

/** `head` tells the position that the ledger stands at. */
export const makeFeed = (
  ledger: LedgerShape,
  head: Effect.Effect<number, Error>,
  limits: RecentLimits = recent_limits,
): Effect.Effect<Feed, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const recent = new Recent(limits)
    /** Those who are told what comes, and those who only wait for something. */
    let told_followers = 0
    let waiters = 0
    const live = new Set<Live>()
    let isClosed = false
    /** Whether so much came at once that there may be more behind it, and how much came since the turn began. */
    let isCrowded = false
    let came_bytes = 0
    let watching: Fiber.Fiber<unknown, unknown> | undefined
    let changed = Deferred.makeUnsafe<void>()
    /** Done when the next turn may begin, and when somebody comes who is to be woken before. */
    let turnOver = Deferred.makeUnsafe<void>()

    /** A copy, since whoever leaves may at once be back. */
    const everybody = (): ReadonlyArray<Live> => Array.from(live)
    const wake = (): void => {
      const before = changed
      changed = Deferred.makeUnsafe<void>()
      Deferred.doneUnsafe(before, Effect.void)
    }
    /** Lets everybody look for himself. */
    const scatter = (): void => {
      for (const each of everybody()) each.leave()
      wake()
    }
    const endTurn = (): void => {
      const before = turnOver
      turnOver = Deferred.makeUnsafe<void>()
      Deferred.doneUnsafe(before, Effect.void)
    }
    /** While nobody waits, all that comes within a turn is taken at once at its end: to take each group costs those who submit. */
    const take = (events: ReadonlyArray<RecordedEvent>): Effect.Effect<void> =>
      Effect.suspend(() => {
        const over = turnOver
        // Whoever only waits is not told what it is that came.
        if (told_followers === 0) recent.begin(events.at(-1)?.position ?? recent.seen)
        else {
          const bytes = recent.keep(events)
          isCrowded = bytes >= many_bytes || events.length >= many_records
          came_bytes += bytes
        }
        wake()
        return live.size === 0 || waiters > 0 ? Effect.void : Deferred.await(over)
      })

    /** One who is too far behind reads the ledger. */
    const push = (each: Live): void => {
      if (each.position < recent.from) return each.leave()
      const told = recent.above(each.position)
      if (told === undefined) return each.leave()
      each.follower.push(told.bytes)
      each.position = told.position
    }
    /** Tells everybody everything up to a position, as much at a time as is sent at once; answers when it has. */
    const tellUntil = (position: number): Effect.Effect<void> =>
      Effect.gen(function* () {
        for (;;) {
          const behind = everybody().filter((each) => each.position < position)
          if (behind.length === 0) return
          for (const each of behind) push(each)
          // What a connection takes at once, it has taken by then.
          yield* Effect.yieldNow
          for (const each of behind) if (!each.follower.hasTaken()) each.leave()
        }
      })
    const turns = Effect.gen(function* () {
      let turn_start_ms = yield* monotonic_ms
      for (let told_until = recent.seen; ;) {
        const waking = changed
        if (told_until === recent.seen || live.size === 0) {
          endTurn()
          yield* Deferred.await(waking)
          continue
        }
        const start_ms = yield* monotonic_ms
        told_until = recent.seen
        const bytes_per_ms = came_bytes / Math.max(1, start_ms - turn_start_ms)
        turn_start_ms = start_ms
        came_bytes = 0
        yield* tellUntil(told_until)
        if (!isCrowded) yield* Effect.sleep(turnAfter((yield* monotonic_ms) - start_ms, bytes_per_ms))
      }
    })
    const watch = Effect.gen(function* () {
      recent.begin(yield* head)
      scatter()
      const tail = Stream.runForEachArray(ledger.tail({ after: recent.seen, ...tail_pages }), take)
      yield* Effect.raceFirst(tail, turns)
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          watching = undefined
          recent.begin(0)
          // Who waits looks for himself, and meets the error if there is one.
          scatter()
        }),
      ),
    )
    const ensureWatching = Effect.suspend(() => {
      if (watching !== undefined) return Effect.void
      return Effect.map(Effect.forkIn(Effect.ignore(watch), scope), (fiber) => {
        watching = fiber
      })
    })
    const leave = Effect.suspend(() =>
      told_followers + waiters > 0 || watching === undefined ? Effect.void : Fiber.interrupt(watching),
    )

    const isUpToDate = (position: number): boolean => watching !== undefined && !isClosed && position >= recent.seen

    /** Told in turns from a position on; answers with the one that was come to once that ends. */
    const live_from = (position: number, follower: Follower): Effect.Effect<number> =>
      Effect.callback((resume) => {
        if (!isUpToDate(position)) return resume(Effect.succeed(position))
        const each: Live = {
          position,
          follower,
          leave: () => {
            if (live.delete(each)) resume(Effect.succeed(each.position))
          },
        }
        live.add(each)
        return Effect.sync(() => void live.delete(each))
      })

    /** The next events above a position, where some are there. */
    const nextAbove = (position: number): Effect.Effect<Told | undefined, Error> =>
      Effect.suspend(() => {
        if (recent.has(position)) return Effect.succeed(recent.above(position))
        return Effect.map(
          Stream.runHead(Stream.chunks(ledger.read({ after: position, ...small_pages }))),
          Option.match({ onNone: () => undefined, onSome: (page) => firstTold(page, limits.sent_bytes) }),
        )
      })

    const follow = (after: number, follower: Follower): Effect.Effect<void, Error> =>
      Effect.gen(function* () {
        let position = after
        for (;;) {
          if (isUpToDate(position)) {
            position = yield* live_from(position, follower)
            yield* follower.taken
          }
          const isLast = isClosed
          const known = recent.seen
          // Also at the end: whatever was recorded before it is told.
          const told = yield* nextAbove(position)
          if (told !== undefined) {
            yield* follower.send(told.bytes)
            position = told.position
            yield* Effect.yieldNow
            continue
          }
          if (isLast) return
          // Nothing readable stands there.
          position = Math.max(position, known)
          if (watching !== undefined) continue
          yield* Effect.sleep(turn_ms)
          yield* ensureWatching
        }
      })

    return {
      isClosed: () => isClosed,
      followers: () => told_followers + waiters,
      waitBeyond: (position, time_ms) =>
        Effect.acquireUseRelease(
          Effect.suspend(() => {
            waiters++
            endTurn()
            return ensureWatching
          }),
          () =>
            Effect.gen(function* () {
              for (;;) {
                const waking = changed
                if (isClosed || recent.seen > position || watching === undefined) return
                yield* Deferred.await(waking)
              }
            }).pipe(Effect.timeoutOption(time_ms), Effect.ignore),
          () => Effect.suspend(() => (waiters--, leave)),
        ),
      follow: (after, follower) =>
        Effect.acquireUseRelease(
          Effect.suspend(() => (told_followers++, ensureWatching)),
          () => follow(after, follower),
          () => Effect.suspend(() => (told_followers--, leave)),
        ),
      close: Effect.sync(() => {
        isClosed = true
        scatter()
      }),
    }
  })
