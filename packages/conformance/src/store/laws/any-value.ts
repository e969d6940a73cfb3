import type { Json } from "@waybill/ledger"
import { Effect } from "effect"
import { same } from "../../Law.ts"
import { collect, filed, openLedger, origin } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const nest = (depth: number): Json => {
  let value: Json = "deep"
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { in: value }
  return value
}

const values: ReadonlyArray<Json> = [
  null,
  false,
  0,
  -0,
  0.1,
  1e21,
  5e-324,
  Number.MAX_VALUE,
  Number.MAX_SAFE_INTEGER,
  [],
  {},
  { "": 1, " ": 2, "a.b": 3, __proto_: 4, "\u{1F682}": 5, "\uE000": 6 },
  [1, [2, [3, []]], { a: { b: [{}] } }],
  nest(400),
]

const law: StoreLaw = {
  id: "STORE-12",
  statement: "Any JSON value comes back as it was, to the last digit and the sign of zero.",
  violation: "numbers that go through a decimal or a float of the database, or objects through a type that sorts them.",
  check: (place) =>
    Effect.gen(function* () {
      const ledger = yield* openLedger(place)
      for (const [i, value] of values.entries()) yield* ledger.append([filed("a", value)], origin(`r${i}`))
      const read = yield* collect((yield* openLedger(place)).read())
      yield* same(
        "the values",
        read.map(({ payload }) => payload["data"]),
        values,
      )
    }),
}
export default law
