/** Reading for a fold: pages whose memory is used again once the reader has said that it is done. */
import { layerFaultyFiles, makeMemoryFiles } from "@waybill/host"
import { encodeLine, eventId, type RecordedEvent, type Store, wholeOf } from "@waybill/ledger"
import { Effect, type Scope } from "effect"
import { expect, it } from "vitest"
import { row_bytes } from "../src/jsonl/Rows.ts"
import { compressArchives, makeJsonlStore } from "../src/index.ts"
import { file } from "./support/simulated.ts"
import { brief } from "./support/texts.ts"

const run = <A>(effect: Effect.Effect<A, unknown, Scope.Scope>) => Effect.runPromise(Effect.scoped(effect))
const page_records = 2048
const count = 4 * page_records + 100

const eventAt = (position: number): RecordedEvent => {
  const job_id = `job-${position % 7}`
  return {
    position,
    schema_version: 1,
    event_id: eventId("note.written", job_id, position),
    request_id: `req-${position}`,
    job_id,
    event_type: "note.written",
    occurred_at: "2026-01-02T03:04:05.678Z",
    actor: "test",
    payload: { text: `${position}`.padStart(1 + (position % 13), "é") },
  }
}

/** A disk with a ledger of many sealed records, in several files, of which the first holds more than three pages. */
const filled = Effect.gen(function* () {
  const { disk, layer } = makeMemoryFiles()
  const options = { root: "/r", rotate_bytes: 2_000_000, compress: false }
  const open = Effect.provide(makeJsonlStore(options), layer)
  yield* Effect.scoped(
    Effect.gen(function* () {
      const store = yield* open
      for (let from = 1; from <= count; from += 500) {
        const events = Array.from({ length: Math.min(500, count + 1 - from) }, (_, i) => eventAt(from + i))
        yield* store.commit((session) => session.append(events.map((event) => [{ event, line: encodeLine(event) }])))
      }
    }),
  )
  return { disk, layer, open, options }
})

/** Folds everything, giving back each page, and keeps what each event said while it might be asked. */
const foldAll = (store: Store) =>
  Effect.gen(function* () {
    const said: Array<string> = []
    for (let position = 0; ;) {
      const page = yield* (store.foldAfter ?? store.readAfter)(position, page_records)
      for (const event of page.events) said.push(`${event.event_id} ${event.request_id} ${event.actor} ${brief(event)}`)
      const next = page.events.at(-1)?.position ?? page.covers
      page.release?.()
      if (next <= position) return said
      position = next
    }
  })

const all = Array.from({ length: count }, (_, i) => eventAt(i + 1)).map(
  (event) => `${event.event_id} ${event.request_id} ${event.actor} ${brief(event)}`,
)

it.each(["plain", "compressed"])(
  "a fold that gives back its pages sees every event as it is, twice over, from %s archives",
  (kind) =>
    run(
      Effect.gen(function* () {
        const { layer, open } = yield* filled
        if (kind === "compressed") yield* Effect.provide(compressArchives("/r"), layer)
        const store = yield* open
        expect(yield* foldAll(store)).toEqual(all)
        expect(yield* foldAll(store)).toEqual(all)
        expect((yield* store.health).corrupt).toEqual([])
      }),
    ),
)

it("two folds at once, each giving back its own pages, see the same", () =>
  run(
    Effect.gen(function* () {
      const store = yield* (yield* filled).open
      const both = yield* Effect.all([foldAll(store), foldAll(store), foldAll(store)], { concurrency: 3 })
      for (const said of both) expect(said).toEqual(all)
    }),
  ))

it("an event that is decoded as a whole says what its fields say one by one, and stays when its page is given back", () =>
  run(
    Effect.gen(function* () {
      const store = yield* (yield* filled).open
      const page = yield* (store.foldAfter ?? store.readAfter)(0, page_records)
      const wholes = page.events.map(wholeOf)
      expect(wholes).toEqual(page.events.map((_, i) => eventAt(i + 1)))
      expect(wholeOf(page.events[0] ?? eventAt(1))).toBe(wholes[0])
      page.release?.()
      expect(wholes).toEqual(page.events.map((_, i) => eventAt(i + 1)))
    }),
  ))

it("an event that is kept beyond its page refuses to answer instead of saying something else", () =>
  run(
    Effect.gen(function* () {
      const store = yield* (yield* filled).open
      const page = yield* (store.foldAfter ?? store.readAfter)(0, page_records)
      const [event] = page.events
      expect(event?.payload).toEqual(eventAt(1).payload)
      page.release?.()
      expect(() => event?.payload).toThrow("kept beyond the page")
      expect(() => event?.actor).toThrow("kept beyond the page")
    }),
  ))

it("a damaged record is named and its neighbours are read, also where it was read ahead", () =>
  run(
    Effect.gen(function* () {
      const { disk, open } = yield* filled
      const active = disk.bytes(file) ?? new Uint8Array()
      active[active.lastIndexOf(0x0a, -2) + 80] = (active[active.lastIndexOf(0x0a, -2) + 80] ?? 0) ^ 1
      disk.overwrite(file, active)
      const store = yield* open
      expect(yield* foldAll(store)).toEqual(all.slice(0, -1))
      expect((yield* store.health).corrupt.map(({ position }) => position)).toEqual([count])
    }),
  ))

it.each([".jsonl", ".seal"])(
  "a reading of a %s that fails once, ahead or not, costs at most the page that needed it",
  (kind) =>
    run(
      Effect.gen(function* () {
        const { layer, options } = yield* filled
        const outcomes: Array<string> = []
        for (let k = 1; ; k++) {
          let reads = 0
          const flaky = layerFaultyFiles(layer, (operation, path) =>
            operation === "read" && path.endsWith(kind) && ++reads === k ? { kind: "fail", code: "EIO" } : undefined,
          )
          const store = yield* Effect.provide(makeJsonlStore(options), flaky)
          const first = yield* Effect.result(foldAll(store))
          outcomes.push(first._tag)
          if (first._tag === "Success") expect(first.success).toEqual(all)
          if (reads < k) break
          expect(yield* foldAll(store)).toEqual(all)
        }
        expect(outcomes.at(-1)).toBe("Success")
        // What was read ahead is read again by whoever needs it.
        expect(outcomes.slice(0, -1)).toContain("Success")
      }),
    ),
)

it("a row that is damaged behind what is read ahead is made anew from its line: every record is read", () =>
  run(
    Effect.gen(function* () {
      const { disk, open } = yield* filled
      const [seal = ""] = disk
        .files("/r")
        .filter((path) => path.endsWith(".seal"))
        .toSorted()
      const rows = disk.bytes(seal) ?? new Uint8Array()
      // Of the fourth page: it is read along with the bytes of the third.
      expect(rows.length).toBeGreaterThan(3 * page_records * row_bytes)
      const at = rows.length - 50
      rows[at] = (rows[at] ?? 0) ^ 1
      disk.overwrite(seal, rows)
      const store = yield* open
      expect(yield* foldAll(store)).toEqual(all)
      expect(yield* foldAll(store)).toEqual(all)
    }),
  ))
