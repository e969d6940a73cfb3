/** Folds are saved beside the appends: nobody waits for it, and what an appending process leaves unsaved is saved at its end. */
import { type Checkpoint, type Store, StoreRefused } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Deferred, Effect } from "effect"
import { expect, it } from "vitest"
import { Doors } from "./support/door.ts"
import { all, by, open, openedBy, run } from "./support/ledgers.ts"

const doors = (count: number, first = 0) => Array.from({ length: count }, (_, n) => openedBy(`door ${first + n}`))
const positionOf = (store: Store) =>
  Effect.map(store.loadCheckpoint(Doors.name), (checkpoint) => checkpoint?.state.position)

it("appends go on while a checkpoint is prepared, and it is put in place as it was taken", () =>
  run(
    Effect.gen(function* () {
      const store = yield* makeMemoryStore()
      const [begun, ready] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      let preparing = 0
      const slow: Store = {
        ...store,
        prepareCheckpoint: () =>
          Effect.suspend(() => {
            preparing++
            return Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(ready))
          }),
      }
      yield* Effect.scoped(
        Effect.gen(function* () {
          const ledger = yield* open(slow)
          yield* ledger.query(Doors, (view) => view.size)
          for (let i = 0; i < 9; i++) yield* ledger.append(doors(1000), by(`r${i}`))
          yield* Deferred.await(begun)
          for (let i = 0; i < 9; i++) yield* ledger.append(doors(1000), by(`s${i}`))
          expect(preparing).toBe(1)
          expect(yield* positionOf(store)).toBeUndefined()
          expect(yield* ledger.query(Doors, (view) => view.size)).toBe(1000)
          yield* Deferred.succeed(ready, undefined)
          while ((yield* positionOf(store)) === undefined) yield* Effect.yieldNow
          // As the folds stood when it was begun: after the fifth thousand, before the sixth.
          expect(yield* positionOf(store)).toBe(5000)
        }),
      )
      expect(yield* positionOf(store)).toBe(18_000)
      expect((yield* all((yield* open(store)).read())).length).toBe(18_000)
    }),
  ))

it("what is left unsaved is saved at the end of who appended, and not by who only read", () =>
  run(
    Effect.gen(function* () {
      const store = yield* makeMemoryStore()
      const use = (...counts: ReadonlyArray<number>) =>
        Effect.scoped(
          Effect.gen(function* () {
            const ledger = yield* open(store)
            yield* ledger.query(Doors, (view) => view.size)
            for (const [i, count] of counts.entries()) yield* ledger.append(doors(count, (i % 2) * 1000), by("r"))
          }),
        )
      yield* use(1000, 1000, 1000, 1000, 95)
      expect(yield* positionOf(store)).toBeUndefined()
      yield* use()
      expect(yield* positionOf(store)).toBeUndefined()
      yield* use(1)
      expect(yield* positionOf(store)).toBe(4096)
    }),
  ))

it("a checkpoint of a past that holds no longer is not put in place", () =>
  run(
    Effect.gen(function* () {
      const store = yield* makeMemoryStore()
      const saved: Array<Checkpoint.Checkpoint> = []
      let generation = 0
      const changing: Store = {
        ...store,
        prepareCheckpoint: () =>
          Effect.sync(() => {
            generation = 1
          }),
        commit: (use) =>
          store.commit((session) =>
            use(
              Object.assign(Object.create(session), {
                generation,
                saveCheckpoint: (checkpoint: Checkpoint.Checkpoint) => Effect.sync(() => saved.push(checkpoint)),
              }),
            ),
          ),
      }
      const ledger = yield* open(changing)
      yield* ledger.append(doors(10), by("r"))
      yield* ledger.saveCheckpoint(Doors)
      expect(saved).toEqual([])
    }),
  ))

it("a store that refuses to prepare keeps nobody from appending, and says so to who asked for it", () =>
  run(
    Effect.gen(function* () {
      const store = yield* makeMemoryStore()
      let isFull = true
      const refused = new StoreRefused({ where: "here", reason: "no space is left" })
      const refusing: Store = {
        ...store,
        prepareCheckpoint: () => Effect.suspend(() => (isFull ? Effect.fail(refused) : Effect.void)),
      }
      const ledger = yield* open(refusing)
      for (let i = 0; i < 10; i++) yield* ledger.append(doors(1000), by(`r${i}`))
      expect((yield* Effect.flip(ledger.saveCheckpoint(Doors))).message).toContain("no space is left")
      expect(yield* positionOf(store)).toBeUndefined()
      // It is tried again a while later.
      isFull = false
      for (let i = 0; i < 10; i++) yield* ledger.append(doors(1000), by(`s${i}`))
      while ((yield* positionOf(store)) === undefined) yield* Effect.yieldNow
    }),
  ))
