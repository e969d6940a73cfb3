/** Stores for tests that need to see, hold up or break what a store does. */
import { type Session, type Store, type StoreError, StoreFull } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Deferred, Effect } from "effect"

/** A memory store whose next append waits for a word from the test. */
export interface GatedStore {
  readonly store: Store
  /** From now on appends wait; answers when the first of them has begun. */
  readonly hold: () => {
    readonly begun: Effect.Effect<void>
    readonly release: Effect.Effect<void>
    readonly fail: Effect.Effect<void>
  }
  /** How many records each append took. */
  readonly appends: ReadonlyArray<number>
}

export const makeGatedStore = (from?: Store): Effect.Effect<GatedStore> =>
  Effect.gen(function* () {
    const inner = from ?? (yield* makeMemoryStore())
    const appends: Array<number> = []
    let gate:
      | { readonly begun: Deferred.Deferred<void>; readonly open: Deferred.Deferred<void, StoreError> }
      | undefined
    const append =
      (session: Session): Session["append"] =>
      (batches) =>
        Effect.gen(function* () {
          const held = gate
          if (held !== undefined) {
            yield* Deferred.succeed(held.begun, undefined)
            yield* Deferred.await(held.open)
          }
          appends.push(batches.flat().length)
          yield* session.append(batches)
        })
    return {
      appends,
      store: { ...inner, commit: (body) => inner.commit((session) => body({ ...session, append: append(session) })) },
      hold: () => {
        const held = { begun: Deferred.makeUnsafe<void>(), open: Deferred.makeUnsafe<void, StoreError>() }
        gate = held
        const end = (outcome: Effect.Effect<void, StoreError>) =>
          Effect.suspend(() => {
            gate = undefined
            return Effect.asVoid(Deferred.completeWith(held.open, outcome))
          })
        return {
          begun: Deferred.await(held.begun),
          release: end(Effect.void),
          fail: end(Effect.fail(new StoreFull({ where: "memory" }))),
        }
      },
    }
  })
