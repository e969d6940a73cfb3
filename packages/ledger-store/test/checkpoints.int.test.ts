/** Checkpoints in files: written beside the appends, by one process at a time, and worth nothing once a bit of them has changed. */
import type { Files } from "@waybill/host"
import { type Checkpoint, type Store } from "@waybill/ledger"
import { Deferred, Effect, Fiber, type Scope } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore } from "../src/index.ts"
import { folder, simulated } from "./support/simulated.ts"
import { collect, ledgerOver, textOf, write } from "./support/texts.ts"

const open = makeJsonlStore({ root: "/r", compress: false })
const at = (name: string, position: number, text = ""): Checkpoint.Checkpoint => ({
  name,
  version: 1,
  state: {
    position,
    events: position,
    entities: [["größe \u0000 🚂", text]],
    anomalies: [],
    holders: [],
    skipped: { unknown: 0, malformed: 0 },
  },
})
const prepare = (store: Store, checkpoint: Checkpoint.Checkpoint) =>
  store.prepareCheckpoint?.(checkpoint) ?? Effect.void
const save = (store: Store, checkpoint: Checkpoint.Checkpoint) =>
  store.commit((session) => session.saveCheckpoint(checkpoint))

const path = `${folder}/checkpoints/one.json`
const on = <A, E>(world: ReturnType<typeof simulated>, run: Effect.Effect<A, E, Files | Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(Effect.provide(run, world.layer)))

it("facts are appended while one is being written, and another process waits with its own", () =>
  on(
    simulated(),
    Effect.gen(function* () {
      const [one, two] = [yield* open, yield* open]
      const ledger = yield* ledgerOver(one)
      yield* write(ledger, "a", "first")
      const [isPrepared, mayEnd] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const ours = at("one", 1, "ours")
      const saving = yield* Effect.forkChild(
        Effect.scoped(
          Effect.gen(function* () {
            yield* prepare(one, ours)
            yield* Deferred.succeed(isPrepared, undefined)
            yield* Deferred.await(mayEnd)
            yield* save(one, ours)
          }),
        ),
      )
      yield* Deferred.await(isPrepared)
      yield* write(yield* ledgerOver(two), "a", "second")
      const theirs = at("one", 2, "theirs")
      const waiting = yield* Effect.forkChild(Effect.scoped(Effect.andThen(prepare(two, theirs), save(two, theirs))))
      expect(yield* two.loadCheckpoint("one")).toBeUndefined()
      yield* Deferred.succeed(mayEnd, undefined)
      yield* Fiber.join(saving)
      yield* Fiber.join(waiting)
      expect(yield* one.loadCheckpoint("one")).toEqual(theirs)
      expect((yield* collect(ledger.read())).map(textOf)).toEqual(["first", "second"])
    }),
  ))

it("one with a changed bit, or that is cut, is none", () => {
  const world = simulated()
  const { disk } = world
  return on(
    world,
    Effect.gen(function* () {
      const store = yield* open
      const checkpoint = at("one", 1, "text")
      yield* save(store, checkpoint)
      const whole = disk.bytes(path) ?? new Uint8Array()
      expect(yield* store.loadCheckpoint("one")).toEqual(checkpoint)
      for (let bit = 0; bit < whole.length * 8; bit++) {
        const changed = Uint8Array.from(whole)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        disk.overwrite(path, changed)
        expect([bit, yield* store.loadCheckpoint("one")]).toEqual([bit, undefined])
      }
      for (let bytes = 0; bytes < whole.length; bytes++) {
        disk.overwrite(path, whole.slice(0, bytes))
        expect([bytes, yield* store.loadCheckpoint("one")]).toEqual([bytes, undefined])
      }
      disk.overwrite(path, whole)
      expect(yield* store.loadCheckpoint("one")).toEqual(checkpoint)
    }),
  )
})
