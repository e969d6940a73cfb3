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
          const { laws } = await checkServer({ url, token }, { only: ["QUEUE-01"], seed: 1, search_ms: 500 })
          const [law] = laws
          expect(law?.verdict).toMatchObject({
            status: "fail",
            reason: expect.stringMatching(/^the answer to a complete: job in the answer \(seed 1\): expected a JSON/u),
          })
          const asked = law?.requests.map((lines) => /"\$URL([^"]*)"/u.exec(lines)?.[1]) ?? []
          expect(asked[0]).toBe("/v1/jobs")
          expect(asked.at(-1)).toMatch(/\/complete$/u)
          expect(asked.length).toBeLessThanOrEqual(4)
        },
      ),
    ),
  60_000,
)
