import { layerFaultyFiles, layerNodeFiles, makeMemoryFiles } from "@waybill/host"
import { Effect } from "effect"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { note, numbers, openLedger, origin } from "./support/notes.ts"

const base = mkdtempSync(join(tmpdir(), "waybill-torn-"))
afterAll(() => rmSync(base, { recursive: true, force: true }))

const line = (n: number, position: number, batch?: readonly [number, number]) =>
  `{"schema_version":1,"event_id":"evt_note.taken_j_${String(position).padStart(6, "0")}","request_id":"r","job_id":"j",` +
  `"event_type":"note.taken","occurred_at":"2026-01-01T00:00:00Z","actor":"a","payload":{"n":${n}}${batch === undefined ? "" : `,"batch":[${batch.join(",")}]`}}\n`

const rootWith = (content: string | Uint8Array): string => {
  const root = mkdtempSync(join(base, "r-"))
  mkdirSync(join(root, ".agents", "daemon"), { recursive: true })
  writeFileSync(join(root, ".agents", "daemon", "ledger.jsonl"), content)
  return root
}
const run = <A, E>(effect: Effect.Effect<A, E, Effect.Services<ReturnType<typeof openLedger>>>) =>
  Effect.runPromise(Effect.provide(Effect.scoped(effect as never), layerNodeFiles) as Effect.Effect<A, E>)
const fileOf = (root: string) => readFileSync(join(root, ".agents", "daemon", "ledger.jsonl"), "utf8")

describe("a file that was cut at any byte", () => {
  const sample = line(1, 1) + line(2, 2) + line(3, 3, [0, 2]) + line(4, 4, [1, 2])
  const ends = [line(1, 1).length, line(1, 1).length + line(2, 2).length, sample.length]
  it("keeps every whole record and every whole batch, and fuses nothing with the next append", async () => {
    for (let cut = 0; cut <= sample.length; cut++) {
      const root = rootWith(sample.slice(0, cut))
      const [seen, torn, after, health] = await run(
        Effect.gen(function* () {
          const ledger = yield* openLedger(root)
          const seen = yield* numbers(ledger)
          const before = fileOf(root)
          const { torn_bytes } = yield* ledger.health
          expect(fileOf(root)).toBe(before)
          yield* ledger.append([note("k", 9)], origin("q"))
          return [seen, torn_bytes, yield* numbers(ledger), yield* ledger.health] as const
        }),
      )
      const whole = ends.filter((end) => end <= cut).length
      const expected = [1, 2, 3, 4].slice(0, whole === 3 ? 4 : whole)
      const last = ends.filter((end) => end <= cut).at(-1) ?? 0
      // A single line that lacks only its newline is whole: it is completed.
      const isCompleted = cut + 1 === ends[whole] && whole < 2
      expect([cut, seen]).toEqual([cut, expected])
      expect([cut, torn]).toEqual([cut, cut - last])
      expect([cut, after]).toEqual([cut, [...expected, ...(isCompleted ? [whole + 1] : []), 9]])
      expect([cut, health]).toEqual([cut, { corrupt: [], torn_bytes: 0 }])
      const quarantined = existsSync(join(root, ".agents", "daemon", "quarantine"))
      expect([cut, quarantined]).toEqual([cut, cut !== last && !isCompleted])
    }
  })
})

it("damaged, blank, repeated and foreign lines keep their places, and health names the damage", async () => {
  const root = rootWith(
    Buffer.concat([
      Buffer.from(line(1, 1)),
      Buffer.from("\n  \nnot json\n"),
      Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
      Buffer.from(line(1, 1)),
      Buffer.from(line(2, 6).replace("note.taken", "job.unheard_of").replace("evt_", "foreign-")),
    ]),
  )
  await run(
    Effect.gen(function* () {
      const ledger = yield* openLedger(root)
      const [next] = yield* ledger.append([note("k", 9)], origin("q"))
      expect(next.position).toBe(6)
      expect(yield* numbers(ledger)).toEqual([1, 2, 9])
      const { corrupt } = yield* ledger.health
      expect(corrupt.map(({ line_number, position }) => [position, line_number])).toEqual([
        [2, 4],
        [3, 5],
      ])
    }),
  )
})

it("reading makes and changes nothing", async () => {
  const root = mkdtempSync(join(base, "empty-"))
  await run(
    Effect.gen(function* () {
      const ledger = yield* openLedger(root)
      expect(yield* numbers(ledger)).toEqual([])
      yield* ledger.health
    }),
  )
  expect(readdirSync(root)).toEqual([])
})

describe("when the k-th operation fails or is the last, and power is cut", () => {
  it.each([
    { kind: "fail", code: "EIO" },
    { kind: "fail", code: "ENOSPC" },
    { kind: "short", code: "ENOSPC", bytes: 30 },
    { kind: "die" },
    { kind: "dieAfter" },
  ] as const)("%o: what was acknowledged is there once, and nothing else but the last append", async (fault) => {
    for (let k = 1; ; k++) {
      const { disk, layer } = makeMemoryFiles()
      let isReached = false
      const faulty = layerFaultyFiles(layer, (_operation, _path, nth) => {
        if (nth !== k) return undefined
        isReached = true
        return fault
      })
      const acknowledged: Array<number> = []
      await Effect.runPromiseExit(
        Effect.gen(function* () {
          const ledger = yield* openLedger("/r")
          for (let n = 1; n <= 6; n++) {
            const batch = n === 3 ? [note("j", n), note("k", n + 100)] : [note("j", n)]
            // A failed append may be tried again; the store must have mended itself by then.
            yield* Effect.retry(ledger.append(batch, { ...origin(`r${n}`) }), { times: 1 })
            acknowledged.push(...batch.map(({ payload }) => (payload as { readonly n: number }).n))
          }
        }).pipe(Effect.scoped, Effect.provide(faulty)),
      )
      disk.crash()
      const found = await Effect.runPromise(
        Effect.flatMap(openLedger("/r"), numbers).pipe(Effect.scoped, Effect.provide(layer)),
      )
      const once = new Set(found)
      expect([k, found.length]).toEqual([k, once.size])
      expect([k, acknowledged.every((n) => once.has(n))]).toEqual([k, true])
      expect([k, found.length - acknowledged.length <= 2]).toEqual([k, true])
      expect([k, once.has(3)]).toEqual([k, once.has(103)])
      if (!isReached) {
        expect(acknowledged).toHaveLength(7)
        expect(k).toBeGreaterThan(25)
        break
      }
    }
  })
})
