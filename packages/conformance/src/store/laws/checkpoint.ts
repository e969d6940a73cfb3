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
  statement: "A checkpoint is kept under its name, whole, prepared or not, and the last one saved stands.",
  violation:
    "the first one stands, because a second insert is ignored; a large one is cut; or one that was only prepared is read.",
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
      const prepare = (checkpoint: Checkpoint.Checkpoint) => store.prepareCheckpoint?.(checkpoint) ?? Effect.void
      const prepared = at("one", 3, "y".repeat(200_000))
      yield* Effect.scoped(Effect.andThen(prepare(prepared), save(prepared)))
      yield* same("one that was prepared before it was saved", yield* load("one"), prepared)
      yield* Effect.scoped(prepare(at("one", 4, "never saved")))
      yield* same("the last one saved, after another was prepared", yield* load("one"), prepared)
      yield* same("the other", yield* load("two"), at("two", 7))
    }),
}
export default law
