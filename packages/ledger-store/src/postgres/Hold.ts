/**
 * The right to append, kept over several commits where others append too.
 *
 * The head's row is free after each commit, and whoever waits for it is next: processes that append all the time would change
 * over with every group, and each change costs an exchange in which nobody writes. So who takes the row queues for a lock of the
 * session first, and keeps that lock for some commits once it has met others. It decides nothing: whoever lacks it still
 * finds the head's row held or moved.
 *
 * Others wait no longer than {@link commits_max} commits, or {@link hold_ms_max}, or until nothing more is asked here. A process
 * that stops in between has its session ended by the server.
 *
 * @module
 */
import { Clock, Effect, type Scope } from "effect"
import type { Connection } from "./Database.ts"
import type { Statements } from "./statements.ts"

/** How many commits follow each other while others wait. */
export const commits_max = 16
/** How long after it began a hold ends with its next commit. */
const hold_ms_max = 50
/** For how many turns of the event loop nobody has asked when a hold ends: some tenths of a millisecond. */
const idle_turns_max = 32

export interface Hold {
  readonly isHeld: boolean
  /** What is sent in front of whatever takes the head. */
  readonly take: ReadonlyArray<Statements["takeHold"]>
  /** Notes that the connection has it now, if it had not before. */
  readonly begin: (connection: Connection) => Effect.Effect<void>
  /**
   * What is sent behind the next commit, so that the hold is over with it: nothing, while it goes on.
   *
   * @param isAlone whether nobody else was met, so that there is nobody to keep it from
   */
  readonly giveWith: (isAlone: boolean) => Effect.Effect<ReadonlyArray<Statements["giveHold"]>>
  /** Somebody asks. */
  readonly touch: () => void
  /** Called when what was asked is done: ends the hold, unless somebody asks soon. */
  readonly rest: Effect.Effect<void>
  /** The connection is gone, and the hold with it. */
  readonly forget: () => void
}

/** @param drop closes a connection of which it is not known whether it has given the hold back */
export const makeHold = (
  statements: Pick<Statements, "takeHold" | "giveHold">,
  drop: (connection: Connection) => Effect.Effect<void>,
): Effect.Effect<Hold, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    let held: { readonly connection: Connection; readonly since_ms: number; commits: number } | undefined
    let asked = 0

    const take = [statements.takeHold]
    const give = [statements.giveHold]

    const giveUnlessAsked = Effect.fnUntraced(function* (before: number) {
      for (let turns = 0; turns < idle_turns_max; turns++) {
        yield* Effect.yieldNow
        if (asked !== before) return
      }
      if (held === undefined) return
      const { connection } = held
      held = undefined
      yield* Effect.catch(connection.run(give), () => drop(connection))
    })

    return {
      get isHeld() {
        return held !== undefined
      },
      get take() {
        return held === undefined ? take : []
      },
      begin: (connection) =>
        Effect.map(Clock.currentTimeMillis, (since_ms) => {
          held ??= { connection, since_ms, commits: 0 }
        }),
      giveWith: (isAlone) =>
        Effect.map(Clock.currentTimeMillis, (now_ms) => {
          if (held === undefined) return []
          held.commits++
          if (!isAlone && held.commits < commits_max && now_ms - held.since_ms < hold_ms_max) return []
          held = undefined
          return give
        }),
      touch: () => {
        asked++
      },
      rest: Effect.suspend(() =>
        held === undefined ? Effect.void : Effect.asVoid(Effect.forkIn(giveUnlessAsked(asked), scope)),
      ),
      forget: () => {
        held = undefined
      },
    }
  })
