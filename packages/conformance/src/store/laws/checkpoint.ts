import type { Checkpoint } from "@waybill/ledger"
import { Effect } from "effect"
import { same } from "../../Law.ts"
import type { StoreLaw } from "../Place.ts"

const at = (name: string, position: number, text = ""): Checkpoint.Checkpoint => ({
  name,
  version: 1,
  state: {
    position,
    events: position,
    entities: [["größe \u0000 🚂", text]],
    anomalies: [],
    holders: [],
    skipped: { unknown: 0, malformed: 0 },
  },
})

const law: StoreLaw = {
  id: "STORE-13",
  statement: "A checkpoint is kept under its name, whole, and the last one stands.",
  violation: "the first one stands, because a second insert is ignored; or a large one is cut.",
  check: (place) =>
    Effect.gen(function* () {
      const store = yield* place.open
      const save = (checkpoint: Checkpoint.Checkpoint) => store.commit((session) => session.saveCheckpoint(checkpoint))
      const load = (name: string) => Effect.flatMap(place.open, (other) => other.loadCheckpoint(name))
      yield* same("a checkpoint that nobody saved", yield* load("one"), undefined)
      yield* save(at("one", 1, "x".repeat(3_000_000)))
      yield* save(at("two", 7))
      yield* same("the first", yield* load("one"), at("one", 1, "x".repeat(3_000_000)))
      yield* save(at("one", 2, "short"))
      yield* same("the second under the same name", yield* load("one"), at("one", 2, "short"))
      yield* same("the other", yield* load("two"), at("two", 7))
    }),
}
export default law
