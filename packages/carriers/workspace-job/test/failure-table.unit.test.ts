import { failures, submit_reasons, submitFailure } from "@waybill/workspace-job"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"

it("the page on settlement lists every failure of the catalogue, with its phase and whether to try again", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../../docs/settlement.md"), "utf8")
  const listed = [...page.matchAll(/^\| `(\w+)` +\| `(\w+)` +\|[^|]+\| (yes|no)? *\|$/gmu)].map(
    ([, phase, reason, again]) => `${phase} ${reason} ${again ?? "unsaid"}`,
  )
  const known = [...Object.values(failures), ...submit_reasons.map(submitFailure)].map((failure) => {
    const again = "retryable" in failure ? (failure.retryable === true ? "yes" : "no") : "unsaid"
    return `${failure.phase} ${failure.reason} ${again}`
  })
  expect(listed.toSorted()).toEqual(known.toSorted())
})
