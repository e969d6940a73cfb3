/** Fault model: whoever reads gives up, after any number of steps. */
import { makeMemoryFiles } from "@waybill/host"
import { type LedgerShape, Projection, type StoreError } from "@waybill/ledger"
import { Effect, Fiber, References, Schema } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore } from "../src/index.ts"
import { brief, collect, ledgerOver, Note, write } from "./support/texts.ts"

/** How many facts each job has, as a fold knows it. */
const Counts = Projection.make({
  name: "counts",
  version: 1,
  reader: Note,
  entity: Schema.Int,
  key: ({ job_id }) => job_id,
  evolve: (count = 0) => count + 1,
})

const countOf = (ledger: LedgerShape) => ledger.query(Counts, (view) => view.get("a"))

const ways: ReadonlyArray<readonly [string, (ledger: LedgerShape) => Effect.Effect<unknown, StoreError>]> = [
  ["reading", (ledger) => collect(ledger.read())],
  ["question", countOf],
  ["reading of a job", (ledger) => collect(ledger.readStream("a"))],
  ["reading backwards", (ledger) => collect(ledger.readBackwards())],
]

const open = (rotate_bytes?: number) =>
  Effect.flatMap(
    makeJsonlStore({ root: "/r", compress: false, ...(rotate_bytes === undefined ? {} : { rotate_bytes }) }),
    ledgerOver,
  )

/**
 * Lets a reading that yields after so many operations take so many turns, and then gives it up; answers whether it was done before.
 */
const giveUpAfter = (
  read: (ledger: LedgerShape) => Effect.Effect<unknown, StoreError>,
  turns: number,
  operations: number,
  rotate_bytes?: number,
) =>
  Effect.gen(function* () {
    const { layer, process } = makeMemoryFiles()
    const writer = yield* Effect.provide(open(rotate_bytes), process().layer)
    const other = yield* Effect.provide(open(), layer)
    const kept = (yield* write(writer, "a", "one")).map(brief)
    expect(yield* countOf(other)).toBe(1)
    kept.push(...(yield* write(writer, "a", "two", "three")).map(brief))
    kept.push(...(yield* write(writer, "a", "four")).map(brief))
    const slowly = Effect.provideService(References.MaxOpsBeforeYield, operations)
    const reading = yield* Effect.forkChild(slowly(read(other)))
    for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
    const isDone = reading.pollUnsafe() !== undefined
    yield* Fiber.interrupt(reading)
    kept.push(...(yield* write(other, "a", "five")).map(brief))
    for (const ledger of [other, writer]) {
      expect((yield* collect(ledger.read())).map(brief), `after ${turns} turns of ${operations}`).toEqual(kept)
      expect(yield* countOf(ledger)).toBe(kept.length)
    }
    return isDone
  }).pipe(Effect.scoped)

// Fewer than three operations in a turn go to the yielding itself.
const cases = ways.flatMap(([name, read]) =>
  [3, 7].flatMap((operations) => [
    [name, "in a file that grows", operations, read, undefined] as const,
    [name, "over files that are made archives", operations, read, 300] as const,
  ]),
)

it.each(cases)(
  "a %s %s, of %i operations a turn, that is given up after any number of turns leaves nothing out of what comes next",
  async (_, _where, operations, read, rotate_bytes) => {
    let turns = 0
    while (!(await Effect.runPromise(giveUpAfter(read, turns, operations, rotate_bytes)))) turns++
    expect(turns).toBeGreaterThan(10)
  },
  120_000,
)
