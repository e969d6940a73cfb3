/**
 * Fault model: several injuries to the files of a ledger that nobody has open, also files in each other's place and files as they
 * were before.
 */
import fc from "fast-check"
import { it } from "vitest"
import { repairsAll } from "./support/afterRepair.ts"
import { anyInjury } from "./support/injuries.ts"

it(
  "whatever many injuries it gets: every reading ends and tells the same, a repair lets appends go on, and a second leaves nothing",
  () =>
    fc.assert(
      fc.asyncProperty(fc.array(anyInjury, { minLength: 1, maxLength: 4 }), fc.nat(5), (what, forms) =>
        repairsAll(what, forms),
      ),
      // The same each time: there are more of them than short runs ever meet, and the long test asks for new ones.
      { numRuns: 12, seed: 1 },
    ),
  120_000,
)
