import fc from "fast-check"
import { it } from "vitest"
import { changes, expectSafe, places } from "./attacks/race.ts"

// Every operation is tried in the long tests.
it("whatever is done to a file before any operation, no other bytes are judged or delivered", () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...changes),
      fc.constantFrom(...places),
      fc.integer({ min: 1, max: 160 }),
      async (change, place, k) => void (await expectSafe(change, place, k)),
    ),
    { numRuns: 250 },
  ))
