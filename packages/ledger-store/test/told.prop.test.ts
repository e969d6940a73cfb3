import { eventId } from "@waybill/ledger"
import fc from "fast-check"
import { expect, it } from "vitest"
import { isTold, told } from "../src/jsonl/History.ts"

const position = fc.oneof(
  fc.nat(20),
  fc.nat(2_000_000),
  fc.constantFrom(99_999, 100_000, 999_999, 1_000_000, 2 ** 53 - 1),
)
const id = fc.oneof(
  fc.tuple(fc.string(), position).map(([job, at]) => eventId("a.b", job, at)),
  fc.tuple(fc.string(), fc.stringMatching(/^[_0-9]{0,12}$/)).map(([start, end]) => `${start}${end}`),
)

it("an id tells a position exactly where the position that is read from it is that one", () =>
  fc.assert(
    fc.property(id, position, (eventId, at) => {
      for (const asked of [at, told(eventId) ?? at]) expect(isTold(eventId, asked)).toBe(told(eventId) === asked)
    }),
  ))
