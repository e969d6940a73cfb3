import { expect, it } from "vitest"
import { token, withOwnServer } from "./support/ownServer.ts"
import { type Refused, refusals, requestsPage } from "./support/requestsPage.ts"

it("the page of types, payload fields and refusals is what our server answers", () =>
  withOwnServer(
    async (url) => {
      const ask = async ({ as = "token", body, headers = {}, method, path }: Omit<Refused, "when">) => {
        const bearer = as === "token" && method !== "GET" ? { Authorization: `Bearer ${token}` } : {}
        const sent = body === undefined ? {} : { body }
        const signal = AbortSignal.timeout(10_000)
        const answer = await fetch(`${url}${path}`, { method, headers: { ...bearer, ...headers }, signal, ...sent })
        return `${answer.status} ${await answer.text()}`
      }
      const make = (path: string, body: string) => ask({ method: "POST", path, body })
      expect(await make("/v1/jobs", '{"job_type":"eval.suite","job_id":"taken"}')).toMatch(/^202 /u)
      const template = '{"name":"nightly","cron":"0 3 * * *","job_type":"eval.suite"}'
      expect(await make("/v1/schedules", template)).toMatch(/^20[012] /u)
      const answers: Array<string> = []
      for (const each of refusals) answers.push(await ask(each))
      for (const [i, answer] of answers.entries()) expect(answer, refusals[i]?.when).toMatch(/^[45]\d\d /u)
      await expect(requestsPage(answers)).toMatchFileSnapshot("../../../docs/reference/jobspec-requests.md")
    },
    { hasFailpoints: true },
  ))
