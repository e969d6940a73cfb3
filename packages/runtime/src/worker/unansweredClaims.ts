/**
 * The tokens of claims that were asked and not answered: each may hold a job that nobody works on.
 *
 * @module
 */
import { Deferred, Effect } from "effect"

export interface UnansweredClaims {
  /** The token of an unanswered claim of what is asked, which is then the caller's to ask with. */
  readonly take: (asked: string) => string | undefined
  readonly keep: (asked: string, token: string) => Effect.Effect<void>
  /** Waits until there is one of what is asked. */
  readonly awaitOne: (asked: string) => Effect.Effect<void>
}

/** Beyond this the leases run out by themselves. */
const kept_max = 1_000

export const makeUnansweredClaims = (): UnansweredClaims => {
  const tokens = new Map<string, Array<string>>()
  let count = 0
  let changed = Deferred.makeUnsafe<void>()
  return {
    take: (asked) => {
      const known = tokens.get(asked)
      const token = known?.pop()
      if (token !== undefined) count--
      if (known?.length === 0) tokens.delete(asked)
      return token
    },
    keep: (asked, token) =>
      Effect.sync(() => {
        if (count >= kept_max) return
        count++
        const known = tokens.get(asked)
        if (known === undefined) tokens.set(asked, [token])
        else known.push(token)
        const before = changed
        changed = Deferred.makeUnsafe()
        Deferred.doneUnsafe(before, Effect.void)
      }),
    awaitOne: (asked) =>
      Effect.gen(function* () {
        while (!tokens.has(asked)) yield* Deferred.await(changed)
      }),
  }
}
