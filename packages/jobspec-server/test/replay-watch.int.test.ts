import { clean_replay } from "@waybill/jobspec"
import type { StoreHealth } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Deferred, Effect, Fiber } from "effect"
import { expect, it } from "vitest"
import { makeReplayWatch } from "../src/ReplayWatch.ts"
import { noStoredPlans } from "../src/storedPlans.ts"

it("however many ask while a look is under way, one more look answers them all, and it begins after they asked", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const store = yield* makeMemoryStore()
        const gates: Array<Deferred.Deferred<void>> = []
        const open = (n: number): void => gates.slice(n).forEach((gate) => Deferred.doneUnsafe(gate, Effect.void))
        const health: Effect.Effect<StoreHealth> = Effect.gen(function* () {
          const gate = Deferred.makeUnsafe<void>()
          gates.push(gate)
          yield* Deferred.await(gate)
          return yield* Effect.orDie(store.health)
        })
        let now_ms = 0
        const replay = makeReplayWatch(health, noStoredPlans, () => now_ms)
        const first = yield* Effect.forkChild(replay(1000), { startImmediately: true })
        yield* Effect.yieldNow
        const others = yield* Effect.forEach(Array(50).keys(), () =>
          Effect.forkChild(replay(1000), { startImmediately: true }),
        )
        yield* Fiber.interrupt(first)
        // More turns than a second look would need to begin.
        for (let turn = 0; turn < 100; turn++) yield* Effect.yieldNow
        expect(gates).toHaveLength(1)
        open(0)
        while (gates.length < 2) yield* Effect.yieldNow
        open(1)
        for (const fiber of others) expect(yield* Fiber.join(fiber)).toEqual(clean_replay)
        expect(gates).toHaveLength(2)
        now_ms = 999
        yield* replay(1000)
        expect(gates).toHaveLength(2)
      }),
    ),
  ))
