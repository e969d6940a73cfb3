import { checkServer, formatServerReport } from "@waybill/conformance"
import { expect, it } from "vitest"
import { withBrokenProgram } from "./support/brokenProgram.ts"
import { brokenServers, patchesOf } from "./support/brokenServers.ts"
import { token, withOwnServer } from "./support/ownServer.ts"

it(
  "our own server keeps every law that needs no hook, and says which ones do",
  () =>
    withOwnServer(
      async (url) => {
        const report = await checkServer({ url, token }, { seed: 7, search_ms: 500 })
        expect(report.isKept, formatServerReport(report)).toBe(true)
        expect(report.highest).toBe(4)
        const skipped = report.laws.filter(({ verdict }) => verdict.status !== "pass")
        expect(skipped.map(({ verdict }) => (verdict.status === "skipped" ? verdict.reason : verdict.status))).toEqual(
          skipped.map(() => expect.stringMatching(/^needs .* \(--(?:restart-cmd|ledger)\)$/u)),
        )
        expect(skipped.length).toBeGreaterThan(0)
      },
      { hasFailpoints: true },
    ),
  120_000,
)

it(
  "without a token everything that would change the server is skipped, and levels above 1 are not shown",
  () =>
    withOwnServer(async (url) => {
      const report = await checkServer({ url }, { level: 2 })
      expect(report.isKept).toBe(false)
      expect(report.highest).toBe(1)
      expect(report.levels[2]).toMatchObject({ status: "not shown", pass: 0 })
      const { json } = {
        json: (await (await fetch(`${url}/v1/events`, { signal: AbortSignal.timeout(5_000) })).json()) as object,
      }
      expect(json).toEqual({ events: [] })
    }),
  60_000,
)

it("a server that makes two jobs of one is caught by the search, with the requests that show it", async () => {
  const broken = brokenServers.find(({ name }) => name === "does not look for the id of a retry")
  if (broken === undefined) throw new Error("there is no such broken server")
  await withBrokenProgram(patchesOf(broken), async (target) => {
    const { isKept, laws, seed } = await checkServer(target, { seed: 3, only: ["QUEUE-01"], search_ms: 1_000 })
    expect(isKept).toBe(false)
    expect(laws[0]?.verdict).toMatchObject({ status: "fail", reason: expect.stringContaining(`seed ${seed}`) })
    expect(laws[0]?.requests.join("\n")).toMatch(
      /^curl -sS -X POST -H "Authorization: Bearer \$TOKEN" "\$URL\/v1\/jobs"/u,
    )
    expect(JSON.stringify(laws)).not.toContain(target.token)
  })
}, 60_000)

it("a server where one cannot look at a job is told so, and not that its answers have no order", async () => {
  const patch = {
    file: "jobspec-server/src/routes/jobs.ts",
    find: 'path: "/waybill/v1/jobs/{id}",',
    replace: 'path: "/waybill/v1/elsewhere/{id}",',
  }
  await withBrokenProgram([patch], async (target) => {
    const { laws } = await checkServer(target, { only: ["QUEUE-01"], search_ms: 500 })
    expect(laws[0]?.verdict).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/^GET \/waybill\/v1\/jobs\/\S+: expected 200 with a JSON document, found 404/u),
    })
  })
})

it("on a server without routes for workers level 3 is not applicable, though its laws on cancelling hold", async () => {
  const patch = {
    file: "jobspec-server/src/routes/table.ts",
    find: "      ...claimingRoutes(app),\n      ...holdingRoutes(app),\n",
    replace: "",
  }
  await withBrokenProgram([patch], async (target) => {
    const only = ["JOBSPEC-001", "JOBSPEC-101", "JOBSPEC-201", "JOBSPEC-301", "JOBSPEC-401", "QUEUE-03", "QUEUE-21"]
    const report = await checkServer(target, { only, level: 3, search_ms: 500 })
    expect(report.laws.flatMap(({ id, verdict }) => (verdict.status === "pass" ? [] : [[id, verdict.status]]))).toEqual(
      [
        ["JOBSPEC-401", "skipped"],
        ["QUEUE-03", "not applicable"],
      ],
    )
    expect(report.levels[3]).toMatchObject({ status: "not applicable", pass: 1, fail: 0 })
    expect(report.isKept).toBe(false)
  })
}, 60_000)

it(
  "what there was no time for is skipped, and its level is not shown",
  () =>
    withOwnServer(async (url) => {
      const late = await checkServer({ url, token }, { only: ["JOBSPEC-001", "QUEUE-21"], search_ms: 10, level: 2 })
      expect(late.laws.map(({ verdict }) => verdict.status)).toEqual(["pass", "skipped"])
      expect(late.levels[2]).toMatchObject({ status: "not shown", reason: "QUEUE-21: there was no time left (--time)" })
      expect(late.isKept).toBe(false)
    }),
  60_000,
)

it("nothing at the address is said at once", async () => {
  await expect(checkServer({ url: "http://127.0.0.1:1" })).rejects.toThrow(
    /^http:\/\/127\.0\.0\.1:1 does not answer: /u,
  )
})
