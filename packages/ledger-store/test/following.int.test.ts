/** Following a file that somebody else has made an archive, on a disk that fails once on the way. */
import { layerFaultyFiles, makeMemoryFiles } from "@waybill/host"
import { type LedgerShape, Projection } from "@waybill/ledger"
import { Deferred, Effect, Fiber, Schema } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { makeJsonlStore } from "../src/index.ts"
import { brief, collect, ledgerOver, Note, write } from "./support/texts.ts"

const open = (rotate_bytes: number) =>
  Effect.flatMap(makeJsonlStore({ root: "/r", poll_ms: 1, rotate_bytes, compress: false }), ledgerOver)

it("whichever operation fails while a rotation is followed, nothing is read from the wrong file and nothing is cut", async () => {
  const met = new Set<string>()
  for (let nth = 1; nth <= 60; nth++) {
    const { layer, process } = makeMemoryFiles()
    let left: number | undefined
    const faulty = layerFaultyFiles(process().layer, (operation, path) => {
      if (left === undefined || --left > 0) return undefined
      left = undefined
      met.add(`${operation} ${path.split("/").at(-1) ?? ""}`)
      return { kind: "fail", code: "EIO" }
    })
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const follower = yield* Effect.provide(open(100_000), faulty)
          const rotating = yield* Effect.provide(open(1_000), layer)
          const kept: Array<string> = []
          const add = (ledger: typeof follower, text: string) =>
            Effect.map(write(ledger, "a", text), (facts) => void kept.push(...facts.map(brief)))
          yield* add(follower, "one")
          yield* add(follower, "two")
          yield* add(follower, "three")
          yield* add(rotating, "in the next file, and longer than what was there".repeat(8))
          left = nth
          yield* Effect.ignore(collect(follower.read()))
          yield* Effect.ignore(collect(follower.readStream("a")))
          left = undefined
          yield* add(follower, "four")
          yield* add(rotating, "five")
          for (const ledger of [follower, rotating, yield* Effect.provide(open(1_000), layer)])
            expect((yield* collect(ledger.read())).map(brief), `operation ${nth}`).toEqual(kept)
        }),
      ),
    )
  }
  expect([...met]).toEqual(expect.arrayContaining(["open ledger.jsonl", "info ledger.jsonl", "read ledger.jsonl"]))
})

it("while a rotation is under way and nothing bears the file's name, readers see all that was acknowledged", async () => {
  const { layer, process } = makeMemoryFiles()
  await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const isRenamed = yield* Deferred.make<void>()
        const goOn = yield* Deferred.make<void>()
        const slow = layerFaultyFiles(process().layer, (operation, path) => {
          if (operation !== "rename" || !path.endsWith("/ledger.jsonl")) return undefined
          const after = Effect.andThen(Deferred.succeed(isRenamed, undefined), Deferred.await(goOn))
          return { kind: "wait", until: Effect.void, after }
        })
        const reader = yield* Effect.provide(open(100_000), layer)
        const rotating = yield* Effect.provide(open(1_000), slow)
        yield* write(rotating, "a", "one")
        expect(yield* collect(reader.read())).toHaveLength(1)
        yield* write(rotating, "a", "two")
        yield* write(rotating, "a", "three")
        const writing = yield* Effect.forkChild(write(rotating, "a", "four".repeat(200)))
        yield* Deferred.await(isRenamed)
        expect(yield* collect(reader.read())).toHaveLength(3)
        expect(yield* collect((yield* Effect.provide(open(100_000), layer)).read())).toHaveLength(3)
        yield* Deferred.succeed(goOn, undefined)
        yield* Fiber.join(writing)
        expect(yield* collect(reader.read())).toHaveLength(4)
      }),
    ),
  )
})

/** When each fact was recorded, as a fold knows it. */
const Times = Projection.make({
  name: "times",
  version: 1,
  reader: Note,
  entity: Schema.Array(Schema.String),
  key: ({ job_id }) => job_id,
  evolve: (times: ReadonlyArray<string> = [], { occurred_at }) => [...times, occurred_at],
})

it("a record that its writer took back after a failed flush, and wrote once more at another time, is folded anew", async () => {
  const { layer, process } = makeMemoryFiles()
  const timesOf = (ledger: LedgerShape) => ledger.query(Times, (view) => view.get("a"))
  let isFailing = false
  await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const reader = yield* Effect.provide(open(100_000), layer)
        const told: Array<unknown> = []
        const meanwhile = Effect.map(Effect.orDie(timesOf(reader)), (times) => void told.push(times))
        // While the writer's flush is on its way to fail, somebody reads what stands there.
        const failing = layerFaultyFiles(process().layer, (operation, path) => {
          if (!isFailing || operation !== "flush" || !path.endsWith("/ledger.jsonl")) return undefined
          isFailing = false
          return { kind: "wait", until: meanwhile, meets: { kind: "fail", code: "EIO" } }
        })
        const writer = yield* Effect.provide(open(100_000), failing)
        yield* write(writer, "a", "one")
        yield* TestClock.adjust(1000)
        isFailing = true
        yield* Effect.flip(write(writer, "a", "two ".repeat(200)))
        yield* TestClock.adjust(1000)
        yield* write(writer, "a", "two ".repeat(200))
        const [first, second, third] = [0, 1, 2].map((s) => `1970-01-01T00:00:0${s}Z`)
        expect(told).toEqual([[first, second]])
        expect(yield* timesOf(reader)).toEqual([first, third])
      }),
    ).pipe(Effect.provide(TestClock.layer())),
  )
})
