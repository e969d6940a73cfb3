import { Effect } from "effect"
import { same } from "../../Law.ts"
import { collect, openLedger, textsOf, write } from "../notes.ts"
import type { StoreLaw } from "../Place.ts"

const texts: ReadonlyArray<string> = [
  "",
  "ü 漢字 🚂 עברית",
  // Composed and not composed are two texts.
  "\u00e9 e\u0301",
  '\u0000\u001f\n\r\t"\\',
  "\u2028\u2029<>&",
  "\uFEFFx\uFFFF",
  "'; DROP TABLE facts; --",
  "𝄞".repeat(20_000),
  "z".repeat(524_288),
]

const law: StoreLaw = {
  id: "STORE-11",
  statement: "Any text comes back as it was: any script, controls, separators, half a mebibyte.",
  violation: "a column type that refuses U+0000 or normalises, or text cut in the middle of a character.",
  check: (place) =>
    Effect.gen(function* () {
      const ledger = yield* openLedger(place)
      for (const text of texts) yield* write(ledger, "größe 🚂", text)
      const fresh = yield* openLedger(place)
      yield* same("the texts", textsOf(yield* collect(fresh.read())), texts)
      yield* same("the texts of the job", textsOf(yield* collect(fresh.readStream("größe 🚂"))), texts)
      yield* same("backwards", textsOf(yield* collect(fresh.readBackwards())), texts.toReversed())
    }),
}
export default law
