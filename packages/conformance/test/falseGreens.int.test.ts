import {
  beginWith,
  CannotRestart,
  checkServer,
  NoLedger,
  reportHtml,
  restartBy,
  type ServerReport,
  TokenRefused,
} from "@waybill/conformance"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { observing, withFakeServer } from "./support/fakeServer.ts"
import { token, withOwnServer } from "./support/ownServer.ts"
import { type Passed, withProxy } from "./support/proxy.ts"

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
  it("is tried also where the laws that rest on it lack the ledger's path", () =>
    withOwnServer(async (url) => {
      const restart = restartBy("true", url)
      await expect(checkServer({ url, restart }, { only: ["HONESTY-05"], level: 1, kill_ms: 200 })).rejects.toThrow(
        CannotRestart,
      )
    }))
  it("that damages the ledger is told once, where it happened, and nothing else is looked at", () =>
    withOwnServer((own) => {
      let is: "whole" | "down" | "damaged" = "whole"
      const change = (asked: string, answer: Passed): Passed => {
        if (is === "down") return { status: 503, text: "{}" }
        return is === "damaged" && asked.startsWith("POST ") ? { status: 500, text: '{"error":"torn"}' } : answer
      }
      return withProxy(own, change, async (url) => {
        const restart = async (meanwhile?: () => Promise<void>) => {
          is = "down"
          await meanwhile?.()
          is = "damaged"
          return { url }
        }
        const only = ["JOBSPEC-010", "JOBSPEC-201", "LEDGER-01", "LEDGER-03"]
        const report = await checkServer({ url, token, restart }, { only })
        const reason = 'after its first restart the server takes no submission any more: 500 {"error":"torn"}'
        expect(report.laws.map(({ verdict }) => verdict)).toEqual([
          { status: "skipped", reason },
          { status: "skipped", reason },
          { status: "fail", reason },
          { status: "skipped", reason },
        ])
        expect(report.laws[2]?.requests.map((lines) => lines.split("\n").slice(1))).toEqual([
          [expect.stringMatching(/^# 202 /u), "# then the server is killed and started again"],
          ['# 500 {"error":"torn"}'],
        ])
        expect(beginWith(report)).toMatch(/^Begin with LEDGER-01 /u)
      })
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

describe("a ledger's path", () => {
  it.each([
    ["where nothing is", "nothing/ledger.jsonl", /is not there/u],
    ["of a folder", ".agents", /is no file/u],
  ])("%s ends the run at once", (_, path, said) =>
    withOwnServer(async (url, root) => {
      const asked = checkServer({ url, token, ledger: join(root, path) }, { only: ["HONESTY-04"] })
      await expect(asked).rejects.toThrow(NoLedger)
      await expect(asked).rejects.toThrow(said)
    }),
  )
  it("may be that of a server that has recorded nothing yet", () =>
    withOwnServer(async (url, root) => {
      const ledger = join(root, ".agents/daemon/ledger.jsonl")
      const { laws } = await checkServer({ url, token, ledger }, { only: ["HONESTY-04"] })
      expect(laws[0]?.verdict.status).toBe("pass")
    }))
})

it("everything that the run has submitted is called off in the end, whoever made its id", () =>
  withOwnServer(async (url) => {
    await checkServer({ url, token }, { only: ["JOBSPEC-201", "JOBSPEC-220", "QUEUE-04", "QUEUE-21"], search_ms: 600 })
    const status = (await (await fetch(`${url}/v1/status`, { signal: AbortSignal.timeout(5_000) })).json()) as {
      readonly queue: { readonly jobs: ReadonlyArray<{ readonly status: string }> }
    }
    const { jobs } = status.queue
    expect(jobs.length).toBeGreaterThan(20)
    expect(new Set(jobs.map((job) => job.status))).toEqual(new Set(["cancelled"]))
  }))

it("a run that is given up in the middle calls off what it has made, and tells what was looked at until then", () =>
  withOwnServer(async (url) => {
    const ending = new AbortController()
    const onChecked = (): void => ending.abort(new Error("enough"))
    const told: Array<ServerReport> = []
    const onInterrupted = (report: ServerReport): void => void told.push(report)
    const only = ["JOBSPEC-217", "JOBSPEC-218"]
    const asked = checkServer({ url, token }, { only, signal: ending.signal, onChecked, onInterrupted })
    await expect(asked).rejects.toThrow("enough")
    const [report, ...more] = told
    expect(more).toEqual([])
    expect(report).toMatchObject({ isInterrupted: true, isKept: false })
    expect(report?.laws.map(({ verdict }) => verdict)).toEqual([
      { status: "pass" },
      { status: "skipped", reason: "the run was interrupted" },
    ])
    if (report !== undefined)
      expect(reportHtml(report)).toContain("The run was interrupted: 1 of 2 laws were not looked at")
    const status = await (await fetch(`${url}/v1/status`, { signal: AbortSignal.timeout(5_000) })).text()
    expect(status).toContain('"status":"cancelled"')
    expect(status).not.toContain('"status":"queued"')
  }))

it("a server that dies is one broken law, which says at what; the rest is skipped and its levels are not shown", () => {
  let dead: (() => void) | undefined
  return withFakeServer(
    (asked, path) => {
      if (asked === "GET /v1/status") dead?.()
      return observing(path)
    },
    async ({ die, url }) => {
      dead = die
      const { isKept, laws, levels } = await checkServer({ url }, { level: 1 })
      const failed = laws.filter(({ verdict }) => verdict.status === "fail")
      const dying = failed.filter(({ verdict }) => "reason" in verdict && /stopped answering/u.test(verdict.reason))
      expect(dying.map(({ verdict }) => verdict)).toEqual([
        {
          status: "fail",
          reason: expect.stringMatching(/^the server stopped answering at GET \/v1\/status \(\S+\): /u),
        },
      ])
      const after = laws.filter(({ verdict }) => verdict.status === "skipped" && /stopped/u.test(verdict.reason))
      expect(after.length).toBeGreaterThan(5)
      expect(levels[1]?.status).not.toBe("holds")
      expect(isKept).toBe(false)
    },
  )
})

it("a server whose events hang costs the run its time once, and not once for each law", () =>
  withFakeServer(
    (_, path) => (path.startsWith("/v1/events") ? "nothing" : observing(path)),
    async ({ asked, url }) => {
      const only = ["JOBSPEC-002", "JOBSPEC-003", "JOBSPEC-004"]
      await checkServer({ url }, { only, last_event_ms: 50 })
      expect(asked.filter((each) => each === "GET /v1/events?limit=0").length).toBe(1)
    },
  ))

it("a server that hangs where nobody looked yet is told with the request that hangs", () =>
  withFakeServer(
    (asked, path) => (asked === "GET /openclaw/v1/health" ? "nothing" : observing(path)),
    async ({ url }) => {
      await expect(checkServer({ url }, { detect_ms: 100 })).rejects.toThrow(
        /answers \/v1\/health, but not GET \/openclaw\/v1\/health: no answer: /u,
      )
    },
  ))
