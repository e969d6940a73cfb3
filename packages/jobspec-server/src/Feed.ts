/**
 * What is recorded, for everybody who waits for it: one look at the ledger's end serves them all, and each event is written
 * out once however many follow.
 *
 * @module
 */
import { encodeDocument, eventDocument } from "@waybill/jobspec"
import type { LedgerShape, RecordedEvent } from "@waybill/ledger"
import { Clock, Deferred, Effect, Fiber, Option, type Scope, Stream } from "effect"

/** An event and its text as it is served, without a newline. */
export interface Told {
  readonly position: number
  readonly event_id: string
  readonly event_type: string
  readonly text: string
}

/** An event as it is served, without a newline. */
export const textOf = (event: RecordedEvent): string => encodeDocument(eventDocument(event)).trimEnd()

const told = (event: RecordedEvent): Told => ({
  position: event.position,
  event_id: event.event_id,
  event_type: event.event_type,
  text: textOf(event),
})

/** How much is read at once of what is sent on no faster than a reader takes it: one who takes nothing holds no more. */
export const small_pages = { page_records: 256, page_bytes: 262_144 } as const

/** So much is sent at once; an event that is larger goes alone. */
const sent_characters = 262_144
/** So much is kept for followers. */
const recent_characters = 8_388_608

/** The first of some events that are sent at once. */
const sentAtOnce = (events: ReadonlyArray<Told>, start: number): ReadonlyArray<Told> => {
  let characters = 0
  let end = start
  for (; end < events.length; end++) {
    characters += events[end]?.text.length ?? 0
    if (characters > sent_characters && end > start) break
  }
  return events.slice(start, end)
}

export interface Feed {
  /** Waits until something stands above a position, for at most this long, or until the server stops. */
  readonly waitBeyond: (position: number, time_ms: number) => Effect.Effect<void>
  /**
   * Sends everything above a position, then whatever comes; ends when the server stops. Those who stand at one position are sent the
   * very same array.
   */
  readonly follow: (
    after: number,
    send: (events: ReadonlyArray<Told>) => Effect.Effect<void>,
  ) => Effect.Effect<void, Error>
  /** Ends everybody's wait, for good. */
  readonly close: Effect.Effect<void>
  readonly isClosed: () => boolean
  readonly followers: () => number
}

/** How many of the latest events are kept for followers; who is further behind reads the ledger. */
const recent_max = 2048

/**
 * How often a follower is sent something at most. All of them are sent to at the same moments, so that what one is told was
 * mostly put together for another already.
 */
const turn_ms = 50

/** `head` tells the position that the ledger stands at. */
export const makeFeed = (
  ledger: LedgerShape,
  head: Effect.Effect<number, Error>,
): Effect.Effect<Feed, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    let recent: Array<Told> = []
    /** How many characters they have. */
    let recent_length = 0
    /** Every event above this and up to `seen` is among the recent ones. */
    let from = 0
    let seen = 0
    let latest:
      | { readonly position: number; readonly last: Told | undefined; readonly events: ReadonlyArray<Told> }
      | undefined
    let followers = 0
    let isClosed = false
    let watching: Fiber.Fiber<unknown, unknown> | undefined
    let changed = Deferred.makeUnsafe<void>()

    const wake = (): void => {
      const before = changed
      changed = Deferred.makeUnsafe<void>()
      Deferred.doneUnsafe(before, Effect.void)
    }
    /** Keeps the latest half of what may be kept, so that it is seldom done. */
    const trim = (): void => {
      let kept = 0
      let characters = 0
      while (kept < Math.min(recent.length, recent_max) && characters <= recent_characters / 2) {
        kept++
        characters += recent.at(-kept)?.text.length ?? 0
      }
      recent = recent.slice(-kept)
      recent_length = characters
      from = (recent[0]?.position ?? 1) - 1
    }
    const take = (events: ReadonlyArray<RecordedEvent>): void => {
      for (const event of events) {
        const each = told(event)
        recent.push(each)
        recent_length += each.text.length
      }
      seen = recent.at(-1)?.position ?? seen
      if (recent.length > 2 * recent_max || (recent_length > recent_characters && recent.length > 1)) trim()
      wake()
    }
    const watch = Effect.gen(function* () {
      from = seen = yield* head
      wake()
      yield* Stream.runForEachArray(ledger.tail({ after: seen, ...small_pages }), (events) =>
        Effect.sync(() => take(events)),
      )
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          watching = undefined
          recent = []
          recent_length = 0
          latest = undefined
          from = seen = 0
          // Who waits looks for himself, and meets the error if there is one.
          wake()
        }),
      ),
    )
    const join = Effect.suspend(() => {
      followers++
      if (watching !== undefined) return Effect.void
      return Effect.map(Effect.forkIn(Effect.ignore(watch), scope), (fiber) => {
        watching = fiber
      })
    })
    const leave = Effect.suspend(() => {
      followers--
      return followers > 0 || watching === undefined ? Effect.void : Fiber.interrupt(watching)
    })

    /** The first recent events above a position, put together once for all who stand there. */
    const recentAbove = (position: number): ReadonlyArray<Told> => {
      const last = recent.at(-1)
      if (latest?.position === position && latest.last === last) return latest.events
      let start = recent.length
      while (start > 0 && (recent[start - 1]?.position ?? 0) > position) start--
      const events = sentAtOnce(recent, start)
      latest = { position, last, events }
      return events
    }

    /** The next events above a position, as far as they are known; waits where there are none. */
    const nextAbove = (position: number): Effect.Effect<ReadonlyArray<Told>, Error> =>
      Effect.gen(function* () {
        for (;;) {
          const waking = changed
          if (seen > position && position >= from) return recentAbove(position)
          if (seen > position || watching === undefined || isClosed) {
            // Also at the end: whatever was recorded before it is told.
            const page = yield* Stream.runHead(Stream.chunks(ledger.read({ after: position, ...small_pages })))
            if (Option.isSome(page)) return sentAtOnce(page.value.map(told), 0)
            if (isClosed) return []
          }
          yield* Deferred.await(waking)
        }
      })

    return {
      isClosed: () => isClosed,
      followers: () => followers,
      waitBeyond: (position, time_ms) =>
        Effect.acquireUseRelease(
          join,
          () =>
            Effect.gen(function* () {
              for (;;) {
                const waking = changed
                if (isClosed || seen > position || watching === undefined) return
                yield* Deferred.await(waking)
              }
            }).pipe(Effect.timeoutOption(time_ms), Effect.ignore),
          () => leave,
        ),
      follow: (after, send) =>
        Effect.acquireUseRelease(
          join,
          () =>
            Effect.gen(function* () {
              let position = after
              for (;;) {
                const events = yield* nextAbove(position)
                const last = events.at(-1)
                if (last === undefined) return
                // What is known beyond was only too much to be sent at once.
                const isBehind = last.position < seen
                yield* send(events)
                position = last.position
                if (isClosed) continue
                if (isBehind) {
                  yield* Effect.yieldNow
                  continue
                }
                const now_ms = yield* Clock.currentTimeMillis
                yield* Effect.sleep(turn_ms - (now_ms % turn_ms))
              }
            }),
          () => leave,
        ),
      close: Effect.sync(() => {
        isClosed = true
        wake()
      }),
    }
  })
