/**
 * Fault model: on a disk that forgets what was not flushed, a run of file operations from the k-th on fails, writes short, or
 * is the process's last; then power is cut. Every k is tried until a run no longer gets that far.
 */
import { type Fault, type FaultPlan, layerFaultyFiles, type MemoryDisk } from "@waybill/host"
import { Effect, Exit } from "effect"
import { describe, expect, it } from "vitest"
import { makeJsonlStore } from "../src/index.ts"
import { noteLine, simulated, textOfBytes } from "./support/simulated.ts"
import { collect, ledgerOver, origin, textOf, written } from "./support/texts.ts"

const torn = `${noteLine(1, "old")}\n{"schema_version":1,"event_id":"evt`
const lacksNewline = `${noteLine(1, "old")}\n${noteLine(2, "old too")}`
const halfBatch = `${noteLine(1, "old")}\n${noteLine(2, "half", { batch: [0, 2] })}\n`

const steps = [["one"], ["two", "three", "four"], ["five"], ["six", "seven"], ["eight"]] as const

const lengthen = (fault: Fault, k: number, run: number) => {
  let isReached = false
  const plan: FaultPlan = (_operation, _path, nth) => {
    if (nth >= k) isReached = true
    return nth >= k && nth < k + run ? fault : undefined
  }
  return { plan, reached: () => isReached }
}

/** Appends the steps, each again when it fails, as a caller does that got no answer. */
const appendAll = (open: ReturnType<typeof simulated>["open"], acknowledged: Array<string>) =>
  Effect.gen(function* () {
    const ledger = yield* ledgerOver(yield* open)
    for (const [i, texts] of steps.entries()) {
      const jobId = `job-${i}`
      const append = Effect.suspend(() =>
        ledger.append(
          texts.map((text) => written(jobId, text)),
          { ...origin(`req-${i}`), expected: { [jobId]: 0 } },
        ),
      )
      for (let tries = 0; ; tries++) {
        const done = yield* Effect.exit(append)
        if (Exit.isSuccess(done)) break
        // The dead do not try again.
        if (tries > 8 || done.cause.reasons.some(({ _tag }) => _tag === "Die")) return yield* done
      }
      acknowledged.push(...texts)
    }
  })

const audit = (
  k: number,
  found: ReadonlyArray<string>,
  acknowledged: ReadonlyArray<string>,
  old: ReadonlyArray<string>,
) => {
  const all: ReadonlyArray<string> = [...old, ...steps.flat()]
  // In order, each once, nothing third.
  expect([k, found]).toEqual([k, all.filter((text) => found.includes(text))])
  expect([k, acknowledged.filter((text) => !found.includes(text))]).toEqual([k, []])
  for (const texts of steps) {
    const there = texts.filter((text) => found.includes(text)).length
    expect([k, texts, [0, texts.length].includes(there)]).toEqual([k, texts, true])
  }
}

const faults: ReadonlyArray<readonly [Fault, number]> = [
  [{ kind: "fail", code: "EIO" }, 1],
  [{ kind: "fail", code: "EIO" }, 3],
  [{ kind: "fail", code: "ENOSPC" }, 6],
  [{ kind: "short", code: "ENOSPC", bytes: 40 }, 1],
  [{ kind: "short", code: "EIO", bytes: 400 }, 3],
  [{ kind: "dieAfter" }, 1],
]
type Start = readonly [
  name: string,
  content: string | undefined,
  old: ReadonlyArray<string>,
  completed: ReadonlyArray<string>,
  rotate_bytes: number,
  kinds: ReadonlyArray<Fault["kind"]>,
]
const starts: ReadonlyArray<Start> = [
  ["an empty root", undefined, [], [], 9e9, []],
  ["an empty root, where every other append rotates", undefined, [], [], 500, ["fail", "dieAfter"]],
  ["a torn line", torn, ["old"], [], 9e9, ["short", "dieAfter"]],
  [
    "a line that lacks its newline, in a file that is full",
    lacksNewline,
    ["old"],
    ["old too"],
    100,
    ["fail", "dieAfter"],
  ],
  ["half a batch", halfBatch, ["old"], [], 9e9, ["fail", "dieAfter"]],
]

describe.each(starts)("from %s", (_, content, old, completed, rotate_bytes, kinds) => {
  // Hundreds of runs that each read their disk again: seconds of work, and a minute on a machine that does much else.
  // What a tail adds is its mending, which any one fault of a kind can hit.
  it.each(
    content === undefined && rotate_bytes > 1000
      ? faults
      : faults.filter(([{ kind }, run]) => run === 1 && kinds.includes(kind)),
  )(
    "%o, %i times: what was acknowledged is there once, and nothing third",
    async (fault, run) => {
      for (let k = 1; ; k++) {
        const { disk, layer, open } = simulated(content, { isDurable: true })
        const { plan, reached } = lengthen(fault, k, run)
        const faulty = Effect.provide(makeJsonlStore({ root: "/r", rotate_bytes }), layerFaultyFiles(layer, plan))
        const acknowledged: Array<string> = []
        const done = await Effect.runPromiseExit(Effect.scoped(appendAll(faulty, acknowledged)))
        if (fault.kind === "fail" || fault.kind === "short")
          // The first look at the ledger may fail; appending gets over anything.
          expect([k, acknowledged.length === 0 || Exit.isSuccess(done)]).toEqual([k, true])
        disk.crash()
        const found = await Effect.runPromise(
          Effect.scoped(Effect.flatMap(Effect.flatMap(open, ledgerOver), (ledger) => collect(ledger.read()))),
        )
        audit(k, found.map(textOf), acknowledged, [...old, ...completed])
        // And on from there.
        const rest: Array<string> = []
        await Effect.runPromise(Effect.scoped(appendAll(open, rest)))
        const whole = await readTexts(open)
        expect([k, whole]).toEqual([k, [...old, ...(whole.includes("old too") ? completed : []), ...steps.flat()]])
        if (!reached()) {
          expect(k).toBeGreaterThan(30)
          return
        }
      }
    },
    120_000,
  )
})

const readTexts = (open: ReturnType<typeof simulated>["open"]) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(Effect.flatMap(open, ledgerOver), (ledger) =>
        Effect.map(collect(ledger.read()), (e) => e.map(textOf)),
      ),
    ),
  )

const linesOf = (disk: MemoryDisk) => textOfBytes(disk.bytes("/r/.agents/daemon/ledger.jsonl")).split("\n").length - 1

it.each([
  ["opens the ledger afterwards", false],
  ["had it open all along", true],
])(
  "what a process wrote and did not live to flush is durable before one that %s answers with it",
  async (_, isOpen) => {
    const { disk, layer, open } = simulated()
    const dying: FaultPlan = (operation, path) =>
      operation === "flush" && path.endsWith(".jsonl") && linesOf(disk) > 1 ? { kind: "die" } : undefined
    const facts = [written("a", "one")] as const
    const options = { ...origin("r"), expected: { a: 0 } }
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const early = yield* ledgerOver(yield* open)
          yield* early.append([written("b", "zero")], origin("r0"))
          const dead = yield* Effect.exit(
            Effect.gen(function* () {
              const store = yield* Effect.provide(makeJsonlStore({ root: "/r" }), layerFaultyFiles(layer, dying))
              return yield* (yield* ledgerOver(store)).append(facts, options)
            }).pipe(Effect.scoped),
          )
          expect(Exit.isFailure(dead)).toBe(true)
          expect(linesOf(disk)).toBe(2)
          const [fact] = yield* (isOpen ? early : yield* ledgerOver(yield* open)).append(facts, options)
          expect(fact.position).toBe(2)
        }),
      ),
    )
    disk.crash()
    expect(await readTexts(open)).toEqual(["zero", "one"])
  },
)

it("a disk that is full answers so, keeps what there was, and takes appends again once there is room", async () => {
  const { layer, open } = simulated(`${noteLine(1, "old")}\n`)
  let isFull = false
  const files = layerFaultyFiles(layer, (operation) =>
    isFull && operation === "write" ? { kind: "short", code: "ENOSPC", bytes: 10 } : undefined,
  )
  await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const ledger = yield* ledgerOver(yield* Effect.provide(makeJsonlStore({ root: "/r" }), files))
        isFull = true
        const full = yield* Effect.flip(ledger.append([written("a", "new")], origin("r")))
        expect(full._tag).toBe("StoreFull")
        isFull = false
        yield* ledger.append([written("a", "new")], origin("r"))
      }),
    ),
  )
  expect(await readTexts(open)).toEqual(["old", "new"])
})

it("after a failed flush the file ends where it ended before, so that what nobody was told of is not there", async () => {
  const { disk, layer, open } = simulated(`${noteLine(1, "old")}\n`, { isDurable: true })
  let isFailing = false
  const files = layerFaultyFiles(layer, (operation, path) => {
    if (!isFailing || operation !== "flush" || !path.endsWith("ledger.jsonl")) return undefined
    isFailing = false
    return { kind: "fail", code: "EIO" }
  })
  await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const ledger = yield* ledgerOver(yield* Effect.provide(makeJsonlStore({ root: "/r" }), files))
        yield* ledger.append([written("a", "one")], origin("r1"))
        const before = textOfBytes(disk.bytes("/r/.agents/daemon/ledger.jsonl"))
        isFailing = true
        const failed = yield* Effect.flip(ledger.append([written("a", "two")], origin("r2")))
        expect(failed._tag).toBe("StorePoisoned")
        expect(textOfBytes(disk.bytes("/r/.agents/daemon/ledger.jsonl"))).toBe(before)
        yield* ledger.append([written("a", "three")], origin("r3"))
      }),
    ),
  )
  disk.crash()
  expect(await readTexts(open)).toEqual(["old", "one", "three"])
})
