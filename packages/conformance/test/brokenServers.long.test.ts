import { checkServer } from "@waybill/conformance"
import { afterAll, describe, expect, it } from "vitest"
import { withBrokenProgram } from "./support/brokenProgram.ts"
import { brokenServers, patchesOf } from "./support/brokenServers.ts"

/** How long each search may go on at most; by default for what is left of the minute that a run takes. */
const search_ms = Number(process.env["CONFORMANCE_SEARCH_MS"] ?? Number.POSITIVE_INFINITY)

describe("a server that is wrong on purpose is rejected by the law that speaks of it", () => {
  const table: Array<string> = []
  afterAll(() => console.log(["", "law | wrong on purpose | rejected by | seconds", ...table.toSorted()].join("\n")))

  it.each(brokenServers.map((broken) => [broken.name, broken.law, broken] as const))("%s: %s", (name, law, broken) =>
    withBrokenProgram(patchesOf(broken), async (target) => {
      const report = await checkServer(target, { seed: 1, search_ms })
      const rejecting = report.laws.filter(({ verdict }) => verdict.status === "fail")
      table.push(
        `${law} | ${name} | ${rejecting.map(({ id }) => id).join(" ")} | ${(report.took_ms / 1000).toFixed(0)}`,
      )
      expect(rejecting.map(({ id }) => id)).toContain(law)
      for (const { requests } of rejecting) expect(requests.length).toBeGreaterThan(0)
    }),
  )
})
