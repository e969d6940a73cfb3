import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { version } from "../src/version.ts"
import { fuzz } from "./support/fuzz.ts"
import { operationsIn, surfaceIn } from "./support/openapi.ts"
import { withServer } from "./support/server.ts"

/** JobSpec v0 §2, with the aliases, and both names of the consumer. */
const contract = `
GET /v1/health /health
GET /v1/ready /ready
GET /v1/status /status
GET /v1/events /events
POST /v1/jobs /jobs
POST /v1/jobs/cancel /jobs/cancel
POST /v1/jobs/{id}/cancel
GET /v1/schedules
POST /v1/schedules
DELETE /v1/schedules/{name}
GET /v1/plans/manifest
GET /v1/plans/diff
GET /openclaw/v1/health /consumer/v1/health
GET /openclaw/v1/snapshot/latest /consumer/v1/snapshot/latest
GET /openclaw/v1/runs /consumer/v1/runs
GET /openclaw/v1/jobs /consumer/v1/jobs
GET /openclaw/v1/wiki /consumer/v1/wiki
POST /openclaw/v1/triggers/jobs /consumer/v1/triggers/jobs`

const contractRoutes = contract
  .trim()
  .split("\n")
  .flatMap((line) => {
    const [method, ...paths] = line.split(" ")
    return paths.map((path) => `${method} ${path}`)
  })

describe("the surface describes itself", () => {
  it(
    "§2 every route of the contract is served and described; every described route is the contract's or ours",
    withServer({}, async ({ get }) => {
      const surface = surfaceIn(await get("/openapi.json"))
      const described = operationsIn(surface).map(({ method, path }) => `${method} ${path}`)
      expect(contractRoutes.filter((route) => !described.includes(route))).toEqual([])
      const ours = described.filter((route) => !contractRoutes.includes(route))
      expect(ours.filter((route) => !/ \/(?:waybill\/v1\/.+|openapi\.json|docs)$/u.test(route))).toEqual([])
    }),
  )
  it(
    "what is described answers, and what is not described for a path is a 405",
    withServer({}, async ({ ask, get }) => {
      const surface = surfaceIn(await get("/openapi.json"))
      for (const path of Object.keys(surface.paths))
        for (const method of ["GET", "POST", "DELETE", "PUT"]) {
          const isDescribed = surface.paths[path]?.[method.toLowerCase()] !== undefined
          const { headers, status } = await ask({ method, path: path.replaceAll(/\{[^}]+\}/gu, "x") })
          const isAuthorizedFirst = method === "DELETE" && status === 403
          expect([path, method, isDescribed || status === 405 || isAuthorizedFirst]).toEqual([path, method, true])
          if (isDescribed) expect([path, method, status === 405]).toEqual([path, method, false])
          else if (status === 405) expect(headers.allow).not.toContain(method)
        }
    }),
  )
  it(
    "any change of the surface shows in its snapshot",
    withServer({}, async ({ get }) => {
      const surface = (await get("/openapi.json")).json()
      await expect(`${JSON.stringify(surface, undefined, 2)}\n`).toMatchFileSnapshot("snapshots/openapi.txt")
    }),
  )
  it(
    "the page to read needs nothing from elsewhere and has every operation",
    withServer({}, async ({ get }) => {
      const page = await get("/docs")
      expect(page.headers["content-type"]).toBe("text/html; charset=utf-8")
      expect(page.text).not.toMatch(/(?:src|href)="(?!#|\/openapi\.json")/u)
      const surface = surfaceIn(await get("/openapi.json"))
      for (const { operation } of operationsIn(surface))
        if (!/_alias\d+$/u.test(operation.operationId)) expect(page.text).toContain(`id="${operation.operationId}"`)
      for (const [, link] of page.text.matchAll(/href="#([^"]+)"/gu)) expect(page.text).toContain(`id="${link}"`)
    }),
  )
  it("the version is the package's", () => {
    const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as {
      version: string
    }
    expect(version).toBe(manifest.version)
  })
})

describe("whatever is sent", () => {
  it(
    "answers are as described, no refusal changes the ledger, nothing breaks: 1 000 generated requests",
    withServer({ hasFailpoints: true }, async (server) => {
      const seed = 20_260_428
      const statuses = await fuzz(server, seed, 1000)
      console.log(`fuzz: seed ${seed}, answers by status ${JSON.stringify(statuses)}`)
      for (const status of [200, 202, 204, 400, 403, 404, 409]) expect(statuses[status]).toBeGreaterThan(0)
    }),
  )
})

describe("metrics", () => {
  it(
    "requests are counted by route, and the ledger is measured",
    withServer({}, async ({ get, post }) => {
      await post("/v1/jobs", { job_type: "rpi.run" })
      await get("/v1/jobs/none/of/these")
      const { headers, text } = await get("/waybill/v1/metrics")
      expect(headers["content-type"]).toContain("text/plain; version=0.0.4")
      expect(text).toContain('waybill_http_requests_total{method="POST",route="/v1/jobs",status="202"} 1')
      expect(text).toContain('waybill_http_requests_total{method="GET",route="none",status="404"} 1')
      expect(text).toContain('waybill_http_request_duration_seconds_bucket{route="/v1/jobs",le="+Inf"} 1')
      expect(text).toMatch(/^waybill_jobs_open 1$/mu)
      expect(text).toMatch(/^waybill_ledger_position 1$/mu)
      for (const line of text.trim().split("\n"))
        expect(line).toMatch(/^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{[^}]*\})? [\d.e+-]+)$/u)
    }),
  )
})
