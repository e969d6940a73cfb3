/** A checkpoint's text is one document of JSON, is read however it is cut, and never taken for whole where it is not. */
import { Checkpoint } from "@waybill/ledger"
import fc from "fast-check"
import { describe, expect, it } from "vitest"

const rows = <A>(row: fc.Arbitrary<A>) => fc.array(fc.tuple(fc.string({ unit: "binary" }), row), { maxLength: 6 })
const place = fc.record(
  { position: fc.nat(), event_id: fc.string(), event_type: fc.string(), code: fc.string(), detail: fc.string() },
  { requiredKeys: ["position", "event_id", "event_type", "code"] },
)
const checkpoints: fc.Arbitrary<Checkpoint.Checkpoint> = fc
  .record({
    name: fc.string(),
    version: fc.nat(),
    state: fc.record({
      position: fc.nat(),
      events: fc.nat(),
      entities: rows(fc.jsonValue()),
      anomalies: rows(fc.array(place, { maxLength: 3 })),
      holders: rows(fc.record({ position: fc.nat(), event_id: fc.string(), job_id: fc.string() })),
      skipped: fc.record({ unknown: fc.nat(), malformed: fc.nat() }),
    }),
  })
  // What JSON does not tell apart is the same.
  .map((checkpoint) => JSON.parse(JSON.stringify(checkpoint)) as Checkpoint.Checkpoint)

const textOf = (checkpoint: Checkpoint.Checkpoint): string => Array.from(Checkpoint.piecesOf(checkpoint)).join("")

const read = (pieces: Iterable<string>): Checkpoint.Checkpoint | undefined => {
  const reader = new Checkpoint.CheckpointReader()
  for (const piece of pieces) reader.push(piece)
  return reader.checkpoint
}

describe("the text of a checkpoint", () => {
  it("is one document of JSON", () =>
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        expect(JSON.parse(textOf(checkpoint))).toEqual(checkpoint)
      }),
    ))

  it("is read however it is cut", () =>
    fc.assert(
      fc.property(checkpoints, fc.array(fc.nat(), { maxLength: 8 }), (checkpoint, cuts) => {
        const text = textOf(checkpoint)
        const at = [0, ...cuts.map((cut) => cut % (text.length + 1)), text.length].toSorted((a, b) => a - b)
        expect(read(at.map((from, i) => text.slice(from, at[i + 1] ?? from)))).toEqual(checkpoint)
        expect(read(text)).toEqual(checkpoint)
      }),
    ))

  it("is not whole before its end, nor when it goes on behind it", () =>
    fc.assert(
      fc.property(checkpoints, fc.nat(), fc.string({ minLength: 1 }), (checkpoint, cut, more) => {
        const text = textOf(checkpoint)
        expect(read([text.slice(0, cut % text.length)])).toBeUndefined()
        expect(read([text, more])).toBeUndefined()
      }),
    ))

  it.each(["", "{}", "null\n", '{"name":"a","version":1,"state":{}}\n'])("%j is none", (text) => {
    let checkpoint: Checkpoint.Checkpoint | undefined
    try {
      checkpoint = read([text])
    } catch (cause) {
      expect(cause).toBeInstanceOf(SyntaxError)
    }
    expect(checkpoint).toBeUndefined()
  })

  it("comes in pieces and is parsed in pieces, however long it is", () => {
    const entities = Array.from({ length: 5000 }, (_, i) => [`job-${i}`, { n: i, text: "ä".repeat(200) }] as const)
    const skipped = { unknown: 0, malformed: 0 }
    const state = { position: 1, events: 1, entities, anomalies: [], holders: [], skipped }
    const pieces = Array.from(Checkpoint.piecesOf({ name: "large", version: 1, state }))
    expect(pieces.length).toBeGreaterThan(10)
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(70_000)
    expect(read(pieces)).toEqual({ name: "large", version: 1, state })
  })
})
