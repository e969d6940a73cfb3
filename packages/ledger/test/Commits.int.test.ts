/** Group commit: who is answered when, with a store that can be held up or made to fail. */
import { Decider, type Session, type Store, StoreFull } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Cause, Deferred, Effect, Exit, Fiber, Scope, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { AlreadyOpen, Doors, openDoor } from "./support/door.ts"
import { by, open, openedBy, run, settle } from "./support/ledgers.ts"
import { makeGatedStore } from "./support/stores.ts"

describe("nobody is answered before the store has", () => {
  it("not even those whose refusal rests on the same group; then everybody is", () =>
    run(
      Effect.gen(function* () {
        const gated = yield* makeGatedStore()
        const ledger = yield* open(gated.store)
        const gate = gated.hold()
        const callers = yield* Effect.forEach(["bob", "cyd"], (who) =>
          Effect.forkChild(Effect.exit(ledger.transact(openDoor, { door: "front", by: who }, by(who)))),
        )
        yield* gate.begun
        yield* settle
        expect(callers.map((fiber) => fiber.pollUnsafe())).toEqual([undefined, undefined])
        expect(yield* ledger.query(Doors, (doors) => doors.get("front"))).toBeUndefined()
        yield* gate.release
        const exits = yield* Effect.forEach(callers, Fiber.join)
        expect(exits.map(Exit.isSuccess)).toEqual([true, false])
        expect(exits[1]).toEqual(Exit.fail(new AlreadyOpen({ door: "front" })))
        expect(yield* ledger.query(Doors, (doors) => doors.get("front")?.last_by)).toBe("bob")
        expect(gated.appends).toEqual([1])
      }),
    ))
  it("what can be read before that is in every view that is asked for behind the reading", () =>
    run(
      Effect.gen(function* () {
        const inner = yield* makeMemoryStore()
        const [isReadable, isAnswered] = [Deferred.makeUnsafe<void>(), Deferred.makeUnsafe<void>()]
        /** Seals what it has recorded before it answers, as files are sealed: until then it can be read. */
        const store: Store = {
          ...inner,
          commit: (body) =>
            inner.commit((session) =>
              body(
                Object.create(session, {
                  append: {
                    value: (batches: Parameters<Session["append"]>[0]) =>
                      session
                        .append(batches)
                        .pipe(
                          Effect.andThen(Deferred.succeed(isReadable, undefined)),
                          Effect.andThen(Deferred.await(isAnswered)),
                        ),
                  },
                }),
              ),
            ),
        }
        const ledger = yield* open(store)
        expect(yield* ledger.query(Doors, (doors) => doors.position)).toBe(0)
        const append = yield* Effect.forkChild(ledger.append([openedBy("front")], by("r0")))
        yield* Deferred.await(isReadable)
        const [read] = yield* Stream.runCollect(Stream.take(ledger.tail(), 1))
        const view = yield* Effect.forkChild(ledger.query(Doors, (doors) => doors.position))
        yield* settle
        yield* Deferred.succeed(isAnswered, undefined)
        expect(yield* Fiber.join(view)).toBeGreaterThanOrEqual(read?.position ?? Number.NaN)
        yield* Fiber.join(append)
      }),
    ))
  it("when it fails, everyone in the group fails and the state is as before", () =>
    run(
      Effect.gen(function* () {
        const gated = yield* makeGatedStore()
        const ledger = yield* open(gated.store)
        yield* ledger.append([openedBy("back")], by("r0"))
        const gate = gated.hold()
        const callers = yield* Effect.forEach(["bob", "cyd"], (who) =>
          Effect.forkChild(Effect.flip(ledger.transact(openDoor, { door: "front", by: who }, by(who)))),
        )
        yield* gate.begun
        yield* gate.fail
        expect((yield* Effect.forEach(callers, Fiber.join)).map(({ _tag }) => _tag)).toEqual(["StoreFull", "StoreFull"])
        expect(yield* ledger.query(Doors, (doors) => [doors.position, doors.size, doors.get("front")])).toEqual([
          1,
          1,
          undefined,
        ])
        const [fact] = yield* ledger.transact(openDoor, { door: "front", by: "dee" }, by("r1"))
        expect(fact?.position).toBe(2)
      }),
    ))
  it("when it runs the group again, everyone is decided anew, in the same order, on what others recorded meanwhile", () =>
    run(
      Effect.gen(function* () {
        const inner = yield* makeMemoryStore()
        let lost = 1
        /** Loses its first append after others have recorded something, as a database does whose connection is cut. */
        const store: Store = {
          ...inner,
          commit: (body) =>
            Effect.gen(function* () {
              const once = yield* Effect.exit(
                inner.commit((session) =>
                  body(
                    lost-- > 0
                      ? { ...session, append: () => Effect.fail(new StoreFull({ where: "memory" })) }
                      : session,
                  ),
                ),
              )
              if (Exit.isSuccess(once)) return once.value
              yield* Effect.orDie(other.append([openedBy("back", "bob")], by("r0")))
              return yield* inner.commit(body)
            }),
        }
        const other = yield* open(inner)
        const ledger = yield* open(store)
        const callers = yield* Effect.forEach(["back", "front", "side"], (door) =>
          Effect.forkChild(Effect.result(ledger.transact(openDoor, { door, by: "ada" }, by(`r-${door}`)))),
        )
        const results = yield* Effect.forEach(callers, Fiber.join)
        expect(results.map(({ _tag }) => _tag)).toEqual(["Failure", "Success", "Success"])
        const events = yield* Stream.runCollect(ledger.read())
        expect(events.map(({ job_id }) => job_id)).toEqual(["back", "front", "side"])
        expect(yield* ledger.query(Doors, (doors) => [doors.position, doors.get("back")?.last_by])).toEqual([3, "bob"])
      }),
    ))
  it("whatever arrives during a flush goes out with the next", () =>
    run(
      Effect.gen(function* () {
        const gated = yield* makeGatedStore()
        const ledger = yield* open(gated.store)
        const gate = gated.hold()
        const first = yield* Effect.forkChild(ledger.append([openedBy("a")], by("r")))
        yield* gate.begun
        const rest = yield* Effect.forEach(
          Array.from({ length: 50 }, (_, i) => `d${i}`),
          (door) => Effect.forkChild(ledger.append([openedBy(door)], by("r"))),
        )
        yield* settle
        yield* gate.release
        yield* Effect.forEach([first, ...rest], Fiber.join)
        expect(gated.appends).toEqual([1, 50])
      }),
    ))
})

describe("a caller who gives up", () => {
  it("before the group is made has asked for nothing; after it, the facts are recorded", () =>
    run(
      Effect.gen(function* () {
        const gated = yield* makeGatedStore()
        const ledger = yield* open(gated.store)
        const gate = gated.hold()
        const inGroup = yield* Effect.forkChild(ledger.append([openedBy("a")], by("r")))
        yield* gate.begun
        const waiting = yield* Effect.forkChild(ledger.append([openedBy("b")], by("r")))
        const patient = yield* Effect.forkChild(ledger.append([openedBy("c")], by("r")))
        yield* settle
        yield* Fiber.interrupt(inGroup)
        yield* Fiber.interrupt(waiting)
        yield* gate.release
        yield* Fiber.join(patient)
        expect((yield* Stream.runCollect(ledger.read())).map(({ job_id }) => job_id)).toEqual(["a", "c"])
      }),
    ))
  it("a decider that throws fails its own caller alone", () =>
    run(
      Effect.gen(function* () {
        const gated = yield* makeGatedStore()
        const ledger = yield* open(gated.store)
        const gate = gated.hold()
        const first = yield* Effect.forkChild(ledger.append([openedBy("a")], by("r")))
        yield* gate.begun
        const broken = Decider.make({
          ...openDoor,
          decide: () => {
            throw new Error("bug")
          },
        })
        const failing = yield* Effect.forkChild(Effect.exit(ledger.transact(broken, { door: "b", by: "x" }, by("r"))))
        const sound = yield* Effect.forkChild(ledger.append([openedBy("c")], by("r")))
        yield* settle
        yield* gate.release
        yield* Fiber.join(first)
        const exit = yield* Fiber.join(failing)
        expect(Exit.isFailure(exit) && Cause.hasDies(exit.cause)).toBe(true)
        expect((yield* Fiber.join(sound))[0].position).toBe(2)
      }),
    ))
  it("a ledger that is closed says so instead of keeping its callers waiting", () =>
    run(
      Effect.gen(function* () {
        const gated = yield* makeGatedStore()
        const scope = yield* Scope.make()
        const ledger = yield* Scope.provide(open(gated.store), scope)
        const gate = gated.hold()
        const inGroup = yield* Effect.forkChild(ledger.append([openedBy("a")], by("r")))
        yield* gate.begun
        const waiting = yield* Effect.forkChild(Effect.flip(ledger.append([openedBy("b")], by("r"))))
        yield* settle
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
        expect((yield* Fiber.join(waiting))._tag).toBe("StoreRefused")
        yield* gate.release
        yield* Fiber.join(inGroup)
        yield* Fiber.join(closing)
        expect((yield* Effect.flip(ledger.append([openedBy("c")], by("r"))))._tag).toBe("StoreRefused")
      }),
    ))
})

it("those who ask again as soon as they are answered share their groups, also when some are slower than others", () =>
  run(
    Effect.gen(function* () {
      const gated = yield* makeGatedStore()
      const ledger = yield* open(gated.store)
      const [callers, rounds] = [16, 20]
      const asking = (caller: number) =>
        Effect.gen(function* () {
          for (let round = 0; round < rounds; round++) {
            yield* ledger.append([openedBy(`door ${caller}`)], by(`r${round}`))
            for (let turn = 0; turn < 1 + (caller % 8); turn++) yield* Effect.yieldNow
          }
        })
      yield* Effect.forEach(Array(callers).keys(), asking, { concurrency: "unbounded", discard: true })
      expect(gated.appends.reduce((sum, count) => sum + count, 0)).toBe(callers * rounds)
      expect(gated.appends.length).toBeLessThanOrEqual(rounds + 1)
      // Who is alone waits for nobody.
      let turns = 0
      const counting = yield* Effect.forkChild(
        Effect.forever(
          Effect.andThen(
            Effect.sync(() => turns++),
            Effect.yieldNow,
          ),
        ),
      )
      yield* ledger.append([openedBy("alone")], by("first"))
      turns = 0
      yield* ledger.append([openedBy("alone")], by("second"))
      expect(turns).toBeLessThan(16)
      yield* Fiber.interrupt(counting)
    }),
  ))

it("nobody waits again and again for those who do not come: who asks by turns for two things and for one", () =>
  run(
    Effect.gen(function* () {
      const ledger = yield* open((yield* makeGatedStore()).store)
      const ask = (door: string) => ledger.append([openedBy(door)], by("r"))
      let turns = 0
      const counting = yield* Effect.forkChild(
        Effect.forever(
          Effect.andThen(
            Effect.sync(() => turns++),
            Effect.yieldNow,
          ),
        ),
      )
      const [rounds, idle_turns] = [128, 64]
      for (let round = 0; round < rounds; round++) {
        yield* Effect.all([ask("front"), ask("back")], { concurrency: "unbounded" })
        yield* ask("front")
      }
      // Beside those that a commit takes, which are a few, a wait in vain becomes as rare as one in 64.
      expect(turns).toBeLessThan((rounds * idle_turns) / 4)
      yield* Fiber.interrupt(counting)
    }),
  ))

it("who is answered and asks again at once keeps nobody from being heard", () =>
  run(
    Effect.gen(function* () {
      const ledger = yield* open(yield* makeMemoryStore())
      let turns = 0
      const counting = yield* Effect.forkChild(
        Effect.forever(
          Effect.andThen(
            Effect.sync(() => turns++),
            Effect.yieldNow,
          ),
        ),
      )
      const [asked, groups_per_turn] = [640, 16]
      for (let n = 0; n < asked; n++) yield* ledger.append([openedBy("front")], by(`r${n}`))
      // One that goes on for ever counts every other turn.
      expect(turns).toBeGreaterThanOrEqual(asked / groups_per_turn / 2)
      yield* Fiber.interrupt(counting)
    }),
  ))
