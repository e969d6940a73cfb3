/** A ledger whose jobs are asked about by a store that knows no other, and by one that knows all. */
import { layerNodeFiles } from "@waybill/host"
import { type RecordedEvent, type Store } from "@waybill/ledger"
import { Effect, type Scope } from "effect"
import fc from "fast-check"
import {
  appendFileSync,
  cpSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect } from "vitest"
import { makeJsonlStore } from "../../src/index.ts"
import { collect, ledgerOver, origin, written } from "./texts.ts"

const base = mkdtempSync(join(tmpdir(), "waybill-one-job-"))
export const made = join(base, "made")

/** Ids that end, begin or are spelled as others do, as far as ids may. */
export const ids = [
  "a",
  "b",
  "job-1",
  "job-10",
  "x[",
  ",1,2],[",
  ",foo",
  'q"uote',
  "ü",
  "back\\slash",
  "<",
  "late",
  "last",
]

const withStore = <A, E>(root: string, use: (store: Store) => Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  Effect.runPromise(
    Effect.flatMap(makeJsonlStore({ root, rotate_bytes: 400_000, compress: false }), use).pipe(
      Effect.scoped,
      Effect.provide(layerNodeFiles),
    ),
  )

// Several files, a saved index that lags behind, and jobs of which it knows all, some or nothing.
const makeMixed = (): Promise<void> =>
  withStore(made, (store) =>
    Effect.gen(function* () {
      const ledger = yield* ledgerOver(store)
      for (let round = 0; round < 30; round++) {
        const named = ids.slice(0, -2).map((id) => written(id, `round ${round} of late`))
        const many = Array.from({ length: 189 }, (_, i) => written(`filler-${round}-${i}`, "text"))
        yield* ledger.append([...named, ...many], origin(`req-${round}`))
      }
      yield* ledger.append([written("late", "one"), written("a", "again")], origin("req-late"))
      yield* ledger.append([written("last", "one")], origin("req-last"))
    }),
  )

export const plain = join(base, "plain")
export const plainIds = ["p-1", "p-10", "seldom", "fresh"]

// Records that all are spelled plainly, so that whole chunks behind the saved index can be passed over by their rows.
const makePlain = (): Promise<void> =>
  withStore(plain, (store) =>
    Effect.gen(function* () {
      const ledger = yield* ledgerOver(store)
      const round = (number: number, more: ReadonlyArray<string>) =>
        ledger.append(
          [...Array.from({ length: 600 }, (_, i) => `q-${i}`), ...more].map((id) => written(id, "text")),
          origin(`req-${number}`),
        )
      for (let number = 0; number < 7; number++) yield* round(number, ["p-1", "p-10", "seldom"])
      for (let number = 7; number < 12; number++) yield* round(number, number === 9 ? ["p-1", "p-10", "fresh"] : [])
      yield* ledger.append([written("q-1", "one")], origin("req-last"))
    }),
  )

export const make = async (): Promise<void> => {
  await Promise.all([makeMixed(), makePlain()])
}

export const remove = (): void => rmSync(base, { recursive: true, force: true })

const streamOf = (store: Store, id: string) =>
  Effect.gen(function* () {
    const found: Array<RecordedEvent> = []
    for (let after = 0; ;) {
      const { covers, events } = yield* store.readStream(id, after, 7)
      found.push(...events)
      if (covers <= after) return found.map(({ event_id, job_id, position }) => ({ event_id, job_id, position }))
      after = covers
    }
  })

/** What reading everything tells of one job. */
const readOf = (store: Store, id: string) =>
  Effect.gen(function* () {
    const ledger = yield* ledgerOver(store)
    const found = (yield* collect(ledger.read())).filter(({ job_id }) => job_id === id)
    return found.map(({ event_id, job_id, position }) => ({ event_id, job_id, position }))
  })

/**
 * What is told of a job by a store that knows nothing else, by one that knows everything, and by reading everything; or how each
 * fails.
 */
export const bothWays = async (root: string, id: string) => {
  const alone = await withStore(root, (store) => Effect.result(streamOf(store, id)))
  const whole = await withStore(root, (store) =>
    Effect.result(Effect.andThen(store.readBefore(Number.MAX_SAFE_INTEGER, 1), streamOf(store, id))),
  )
  const read = await withStore(root, (store) => Effect.result(readOf(store, id)))
  return [alone, whole, read].map((result) => (result._tag === "Success" ? result.success : result.failure._tag))
}

/** One thing that goes wrong with one file of a ledger. */
const accident = fc.record({
  file: fc.constantFrom("index/jobs.json", "ledger.jsonl", "seals/*", "ledger.p*.jsonl"),
  which: fc.nat(),
  how: fc.constantFrom("flip", "cut", "empty", "remove", "append", "stand in"),
  where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
})

/** Any of them but the one of that number, where there are several. */
const otherOf = (names: ReadonlyArray<string>, which: number, where: number): string =>
  names[(which + 1 + Math.floor(where * (names.length - 1))) % names.length] ?? "ledger.jsonl"

const damage = (
  root: string,
  { file, how, where, which }: typeof accident extends fc.Arbitrary<infer T> ? T : never,
) => {
  const found = globSync(file, { cwd: join(root, ".agents/daemon") }).toSorted()
  const path = join(root, ".agents/daemon", found[which % found.length] ?? "ledger.jsonl")
  const { size } = statSync(path)
  const at = Math.floor(where * size)
  if (how === "remove") rmSync(path)
  else if (how === "empty") truncateSync(path, 0)
  else if (how === "cut") truncateSync(path, at)
  else if (how === "stand in")
    writeFileSync(path, readFileSync(join(root, ".agents/daemon", otherOf(found, which, where))))
  else if (how === "append") appendFileSync(path, '{"event_id":"evt_x_late_1","job_id":"late"}\n')
  else {
    const bytes = readFileSync(path)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(path, bytes)
  }
}

const askedFor = [...ids.map((id) => [made, id] as const), ...plainIds.map((id) => [plain, id] as const)]

/** Whatever befalls the files, a job asked alone is told as it is by who knows all. */
export const toldTheSame = (numRuns: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(accident, fc.constantFrom(...askedFor), async (what, [ledger, id]) => {
      const root = mkdtempSync(join(base, "hurt-"))
      cpSync(ledger, root, { recursive: true })
      damage(root, what)
      const [alone, whole, read] = await bothWays(root, id)
      rmSync(root, { recursive: true, force: true })
      expect([what, alone, whole]).toEqual([what, read, read])
    }),
    {
      numRuns,
    },
  )

/** A ledger in which the seal of an archive is another one's, although the saved index knows that archive. */
export const withOtherSeal = (): string => {
  const root = mkdtempSync(join(base, "other-"))
  cpSync(made, root, { recursive: true })
  const [first = "", second = ""] = globSync("seals/*.seal", { cwd: join(root, ".agents/daemon") }).toSorted()
  cpSync(join(root, ".agents/daemon", second), join(root, ".agents/daemon", first))
  return root
}
