import fc from "fast-check"
import { expect, it } from "vitest"
import { rememberedFrom, Witness } from "../src/jsonl/Witness.ts"

it("what is remembered is the last record, and what lies before it, as it was read, whatever came behind it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 }),
      fc.infiniteStream(fc.nat(500)),
      (chunks, back) => {
        const all = Buffer.concat(chunks)
        const witness = new Witness(0, new Uint8Array())
        let read = 0
        let last = 0
        let end = 0
        for (const chunk of chunks) {
          witness.add(chunk, rememberedFrom(end, last))
          read += chunk.byteLength
          // Records end at or before what was read, and never go back; the last one begins no earlier than the one before ended.
          const next = Math.max(end, read - (back.next().value ?? 0))
          if (next > end) last = end + ((back.next().value ?? 0) % (next - end))
          end = next
        }
        const from = rememberedFrom(end, last)
        expect(from).toBeLessThanOrEqual(last)
        expect(Buffer.from(witness.between(from, end))).toEqual(all.subarray(from, end))
      },
    ),
  )
})
