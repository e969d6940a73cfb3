/** What a report prints of a failure makes the failure again: nothing that it rests on is left out. */
import { checkServer } from "@waybill/conformance"
import { expect, it } from "vitest"
import { token, withOwnServer } from "./support/ownServer.ts"
import { withProxy } from "./support/proxy.ts"

it(
  "a program in which an answer cannot be read is made short too, and shows the submission of its job",
  () =>
    withOwnServer((own) =>
      withProxy(
        own,
        (asked, answer) =>
          asked.endsWith("/complete") && answer.status === 409
            ? { status: 200, text: '{"job_id":"j","status":"completed","attempt":1}' }
            : answer,
        async (url) => {
          const { laws } = await checkServer({ url, token }, { only: ["QUEUE-01"], seed: 1, search_ms: 2_000 })
          const [law] = laws
          expect(law?.verdict).toMatchObject({
            status: "fail",
            reason: expect.stringMatching(/^the answer to a complete: job in the answer \(seed 1\): expected a JSON/u),
          })
          const asked = law?.requests.map((lines) => /"\$URL([^"]*)"/u.exec(lines)?.[1]) ?? []
          expect(asked[0]).toBe("/v1/jobs")
          expect(asked.at(-1)).toMatch(/\/complete$/u)
          // However little time there was to make it shorter: what was asked of other jobs is not there.
          expect(asked.length).toBeLessThanOrEqual(5)
          const [job_id = "none"] = /wb-[\w-]+-job/u.exec(law?.requests[0] ?? "") ?? []
          for (const lines of law?.requests ?? []) expect(lines).toContain(job_id)
        },
      ),
    ),
  60_000,
)

it(
  "a job of an earlier law that differs is shown with its submission, and what it rests on is said",
  () =>
    withOwnServer((own) =>
      withProxy(
        own,
        (asked, answer) => {
          if (!asked.startsWith("GET /v1/events")) return answer
          const { events, ...rest } = JSON.parse(answer.text) as { readonly events: ReadonlyArray<unknown> }
          return events.length <= 12
            ? answer
            : { status: 200, text: JSON.stringify({ events: events.toSpliced(7, 1), ...rest }) }
        },
        async (url) => {
          const only = ["JOBSPEC-203", "JOBSPEC-208", "PROJECTION-01"]
          const { laws } = await checkServer({ url, token }, { only })
          const law = laws.find(({ id }) => id === "PROJECTION-01")
          if (law?.verdict.status !== "fail") throw new Error(`it was missed: ${JSON.stringify(law)}`)
          const [named = "no job"] = /\bwb-[\w-]+|\bjob_[\w.-]+/u.exec(law.verdict.reason) ?? []
          const [first, ...others] = law.requests
          expect(first).toMatch(new RegExp(`^# ${named}, by JOBSPEC-20[38]:\ncurl .* -X POST .*"\\$URL/v1/jobs"`, "u"))
          expect(first).toContain(named)
          expect(others.some((lines) => lines.startsWith("# this rests on the whole ledger"))).toBe(true)
          expect(others.slice(-2).map((lines) => lines.split("\n")[0])).toEqual([
            'curl -sS "$URL/v1/events"',
            'curl -sS "$URL/v1/status"',
          ])
          expect(law.requests.filter((lines) => lines.includes("POST") && !lines.includes(named))).toEqual([])
        },
      ),
    ),
  60_000,
)
