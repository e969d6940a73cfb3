/** The fault models of the short tests, with as many injuries as no short run meets. */
import fc from "fast-check"
import { it } from "vitest"
import { repairsAll } from "./support/afterRepair.ts"
import { anyInjury, injury } from "./support/injuries.ts"

const numRuns = Number(process.env["RUNS"] ?? 3000)

it("whatever two injuries it gets: one repair lets appends go on, a second writes nothing, and neither changes what is read", () =>
  fc.assert(
    fc.asyncProperty(fc.tuple(injury, injury), fc.nat(5), (what, forms) =>
      repairsAll(what, forms, "and changes nothing"),
    ),
    { numRuns },
  ))

it("whatever many injuries it gets: every reading ends and tells the same, a repair lets appends go on, and a second leaves nothing", () =>
  fc.assert(
    fc.asyncProperty(fc.array(anyInjury, { minLength: 1, maxLength: 5 }), fc.nat(5), (what, forms) =>
      repairsAll(what, forms),
    ),
    { numRuns },
  ))
