import { CannotRestart, checkServer, restartBy, TokenRefused } from "@waybill/conformance"
import { describe, expect, it } from "vitest"
import { observing, withFakeServer } from "./support/fakeServer.ts"
import { token, withOwnServer } from "./support/ownServer.ts"

describe("a token that the server refuses", () => {
  it.each(["wrong", "", "é"])("ends the run: %j", (wrong) =>
    withOwnServer(async (url) => {
      await expect(checkServer({ url, token: wrong }, { level: 4 })).rejects.toThrow(TokenRefused)
      await expect(checkServer({ url, token: wrong }, { level: 4 })).rejects.toThrow(
        /\/v1\/jobs: the server refuses the token with 403/u,
      )
    }),
  )
  it("ends the run where it opens some routes only", () =>
    withFakeServer(
      (asked, path) =>
        asked === "POST /v1/jobs"
          ? [400, { error: "invalid json" }]
          : asked.startsWith("POST ")
            ? [403, { error: "daemon mutation denied" }]
            : observing(path),
      async ({ url }) => {
        await expect(checkServer({ url, token }, {})).rejects.toThrow(
          /\/v1\/jobs\/cancel: the server refuses the token/u,
        )
      },
    ))
})

describe("a server that fails at a route", () => {
  it("has the route: its level is broken, and not left out", () =>
    withFakeServer(
      (asked, path) => (asked.startsWith("POST ") ? [500, { error: "oops" }] : observing(path)),
      async ({ url }) => {
        const only = ["JOBSPEC-201", "QUEUE-03", "JOBSPEC-301"]
        const { can, laws } = await checkServer({ url, token }, { only })
        expect(can).toMatchObject({ mutates: true, cancels: true, works: true })
        expect(laws.map(({ verdict }) => verdict.status)).toEqual(["fail", "fail", "fail"])
      },
    ))
  it.each([404, 405])("lacks the route only where it says so: %i", (status) =>
    withFakeServer(
      (asked, path) => (asked.startsWith("POST ") ? [status, "no"] : observing(path)),
      async ({ url }) => {
        const { can } = await checkServer({ url, token }, { only: ["JOBSPEC-201"] })
        expect(can).toMatchObject({ mutates: false, cancels: false, works: false })
      },
    ),
  )
  it("has what it reads badly too", () =>
    withFakeServer(
      (_, path) => (path === "/openclaw/v1/health" || path === "/v1/schedules" ? [500, {}] : observing(path)),
      async ({ url }) => {
        const { can } = await checkServer({ url }, { only: ["JOBSPEC-401"] })
        expect(can.consumers.map(({ prefix }) => prefix)).toEqual(["/openclaw/v1"])
        expect([can.schedules, can.plans, can.aliases]).toEqual([true, false, false])
      },
    ))
})

describe("a restart command", () => {
  it("that kills nothing is no hook: the run ends before the laws of durability can pass", () =>
    withOwnServer(async (url) => {
      const restart = restartBy("true", url)
      const asked = checkServer({ url, token, restart }, { only: ["LEDGER-03"], kill_ms: 200 })
      await expect(asked).rejects.toThrow(/still answers after .*kill/u)
      await expect(asked).rejects.toThrow(CannotRestart)
    }))
  it("that fails is no verdict on the server", () =>
    withOwnServer(async (url) => {
      const restart = restartBy("exit 3", url)
      await expect(checkServer({ url, token, restart }, { only: ["LEDGER-01"] })).rejects.toThrow(
        /the restart command ended with 3 at the step "kill"/u,
      )
    }))
  it("is not tried where no law that is looked at needs it", () =>
    withOwnServer(async (url) => {
      const restart = restartBy("exit 3", url)
      const { isKept } = await checkServer({ url, token, restart }, { only: ["JOBSPEC-001"], level: 0 })
      expect(isKept).toBe(true)
    }))
})

describe("time that runs out", () => {
  it("leaves a level not shown, also without a token and below level 2", () =>
    withOwnServer(async (url) => {
      const report = await checkServer({ url }, { level: 1, time_ms: 0 })
      expect(report.levels[1]).toMatchObject({ status: "not shown", reason: expect.stringContaining("no time left") })
      expect(report.isKept).toBe(false)
    }))
  it("is not given as the reason where a hook is lacking anyway", () =>
    withOwnServer(async (url) => {
      const { laws } = await checkServer({ url, token }, { only: ["LEDGER-01"], time_ms: 0 })
      expect(laws[0]?.verdict).toEqual({ status: "skipped", reason: expect.stringContaining("--restart-cmd") })
    }))
})
