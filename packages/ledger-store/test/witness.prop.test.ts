import fc from "fast-check"
import { expect, it } from "vitest"
import { Witness, witness_bytes } from "../src/jsonl/Witness.ts"

it("what is remembered are the last bytes before the last record, as they were read, whatever came behind it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 }),
      fc.infiniteStream(fc.nat(500)),
      (chunks, back) => {
        const all = Buffer.concat(chunks)
        const witness = new Witness(0, new Uint8Array())
        let read = 0
        let end = 0
        for (const chunk of chunks) {
          witness.add(chunk, end)
          read += chunk.byteLength
          // Records end at or before what was read, and never go back.
          end = Math.max(end, read - (back.next().value ?? 0))
        }
        expect(Buffer.from(witness.before(end))).toEqual(all.subarray(Math.max(0, end - witness_bytes), end))
      },
    ),
  )
})
