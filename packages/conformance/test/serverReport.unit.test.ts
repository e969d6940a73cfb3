import {
  badgeSvg,
  type Capabilities,
  claimHolds,
  formatServerReport,
  highestClaim,
  levelResults,
  type Level,
  reportHtml,
  reportJson,
  type ServerReport,
  type Verdict,
} from "@waybill/conformance"
import { describe, expect, it } from "vitest"

const able: Capabilities = {
  mutates: true,
  cancels: true,
  works: true,
  consumers: [
    {
      prefix: "/openclaw/v1",
      name: "OpenClaw",
      job_type: "openclaw.snapshot",
      projection: "openclaw-snapshot",
      field: "openclaw",
      actor: "openclaw-trigger",
    },
  ],
  aliases: true,
  schedules: true,
  plans: true,
  failpoints: false,
}
const pass: Verdict = { status: "pass" }
const fail: Verdict = { status: "fail", reason: "it <broke>", expected: "1 & 2", found: "<script>alert(1)</script>" }
const results = (verdicts: Readonly<Partial<Record<Level, Verdict>>>, can = able, hooks: ReadonlyArray<Level> = []) =>
  levelResults(
    ([0, 1, 2, 3, 4] as const).map((level) => ({
      id: `JOBSPEC-${level}01`,
      level,
      verdict: verdicts[level] ?? pass,
      isOptional: hooks.includes(level),
    })),
    can,
  )
const statuses = (found: ReturnType<typeof results>) => found.map(({ status }) => status)

describe("a level", () => {
  it("holds when each of its laws does, and a claim when those below do too", () => {
    expect(statuses(results({}))).toEqual(["holds", "holds", "holds", "holds", "holds"])
    expect(claimHolds(4, results({}))).toBe(true)
    const broken = results({ 2: fail })
    expect(statuses(broken)).toEqual(["holds", "holds", "broken", "holds", "holds"])
    expect(([0, 1, 2, 3, 4] as const).map((level) => claimHolds(level, broken))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
    expect(highestClaim(broken)).toBe(1)
  })
  it("3 on a server without routes for workers is not applicable, never passed, although its laws on cancelling hold", () => {
    const without = results({}, { ...able, works: false })
    expect(statuses(without)[3]).toBe("not applicable")
    expect(claimHolds(3, without)).toBe(false)
    expect(claimHolds(4, without)).toBe(true)
  })
  it("that was not looked at is not shown; a hook that nobody gave is no reason", () => {
    const skipped: Verdict = { status: "skipped", reason: "there was no time left (--time)" }
    const late = results({ 1: skipped })
    expect(statuses(late)[1]).toBe("not shown")
    expect(claimHolds(2, late)).toBe(false)
    const laws = [
      { id: "LEDGER-01", level: 2, verdict: skipped, isOptional: true },
      { id: "JOBSPEC-201", level: 2, verdict: pass, isOptional: false },
    ] as const
    expect(levelResults(laws, able)[2]).toMatchObject({ status: "holds", skipped: 1, pass: 1 })
    expect(levelResults(laws.slice(0, 1), able)[2]?.status).toBe("not shown")
  })
})

describe("a report", () => {
  const levels = results({ 3: fail })
  const report: ServerReport = {
    url: "http://127.0.0.1:1",
    seed: 42,
    took_ms: 1234,
    can: able,
    levels,
    claimed: 3,
    highest: 2,
    isInterrupted: false,
    isKept: false,
    laws: [
      {
        id: "QUEUE-03",
        level: 3,
        source: "JobSpec v0 §10",
        statement: "Epochs go up.",
        violation: "by going down.",
        isSearch: false,
        hooks: [],
        took_ms: 3,
        verdict: fail,
        requests: ['curl -sS "$URL/v1/status"\n# 200 {"a":"<b>"}'],
      },
    ],
  }
  it("as text says what is broken with its requests, each level, and whether the claim holds", () => {
    const text = formatServerReport(report)
    expect(text).toContain("FAIL  QUEUE-03  Epochs go up.\n        it <broke>\n")
    expect(text).toContain('        curl -sS "$URL/v1/status"\n        # 200 {"a":"<b>"}')
    expect(text).toContain("level 3 Execute  broken (JOBSPEC-301): 0 pass, 1 fail")
    expect(text.split("\n").slice(-2)).toEqual([
      "The claim to level 3 (Execute) does not hold.",
      "Begin with QUEUE-03 (level 3, Execute).",
    ])
  })
  it("does not say that a level with durable jobs holds without saying that no restart was looked at", () => {
    const [law] = report.laws
    if (law === undefined) throw new Error("there is no law")
    const verdict: Verdict = {
      status: "skipped",
      reason: "needs a command that kills and restarts the server (--restart-cmd)",
    }
    const durable = { ...law, id: "LEDGER-01", level: 2 as const, hooks: ["restart" as const], verdict }
    const kept = { ...report, isKept: true, laws: [durable] }
    const unseen = "Whether what it has acknowledged survives a kill was not looked at (--restart-cmd)."
    expect(formatServerReport({ ...kept, claimed: 2 })).toContain(`The claim to level 2 (Enqueue) holds. ${unseen}`)
    expect(reportHtml({ ...kept, claimed: 2 })).toContain(unseen)
    expect(formatServerReport({ ...kept, claimed: 1 })).not.toContain(unseen)
    expect(formatServerReport({ ...kept, claimed: 2, laws: [] })).not.toContain(unseen)
    const seen = { ...durable, id: "LEDGER-03", verdict: pass }
    expect(formatServerReport({ ...kept, claimed: 2, laws: [durable, seen] })).not.toContain(unseen)
  })
  it("does not say either that level 1 holds without saying so, whatever hook it was that was lacking", () => {
    const [law] = report.laws
    if (law === undefined) throw new Error("there is no law")
    const verdict: Verdict = { status: "skipped", reason: "needs the path of the server's ledger (--ledger)" }
    const laws = [
      { ...law, id: "HONESTY-05", level: 1 as const, hooks: ["restart" as const, "ledger" as const], verdict },
    ]
    const kept = { ...report, isKept: true, claimed: 1 as const, laws }
    const unseen = "What it tells after a restart was not looked at (--token, --restart-cmd and --ledger)."
    expect(formatServerReport(kept)).toContain(`The claim to level 1 (Observe) holds. ${unseen}`)
    expect(badgeSvg(kept)).toContain("restart not shown")
  })
  it("names first what the rest of the broken laws rest on", () => {
    const [law] = report.laws
    if (law === undefined) throw new Error("there is no law")
    const laws = [
      law,
      { ...law, id: "HONESTY-01", level: 1 as const },
      { ...law, id: "JOBSPEC-009", level: 0 as const },
    ]
    const text = formatServerReport({ ...report, laws })
    expect([...text.matchAll(/FAIL {2}(\S+)/gu)].map(([, id]) => id)).toEqual(["JOBSPEC-009", "HONESTY-01", "QUEUE-03"])
    expect(text.split("\n").at(-1)).toMatch(/^Begin with JOBSPEC-009 \(level 0, Speak\)\. What stands below rests/u)
    expect([...reportHtml({ ...report, laws }).matchAll(/<li><a href="#([^"]*)"/gu)].map(([, id]) => id)).toEqual([
      "JOBSPEC-009",
      "HONESTY-01",
      "QUEUE-03",
    ])
  })
  it("names within a level first what few requests show, and searches last", () => {
    const [law] = report.laws
    if (law === undefined) throw new Error("there is no law")
    const laws = [
      { ...law, id: "QUEUE-01", isSearch: true },
      { ...law, id: "QUEUE-02", requests: [] },
      { ...law, id: "QUEUE-04", requests: ["curl 1", "curl 2", "curl 3"] },
      { ...law, id: "QUEUE-05", requests: ["curl 1", "curl 2"] },
    ]
    const text = formatServerReport({ ...report, laws })
    const ids = [...text.matchAll(/FAIL {2}(\S+)/gu)].map(([, id]) => id)
    expect(ids).toEqual(["QUEUE-05", "QUEUE-04", "QUEUE-02", "QUEUE-01"])
    expect(text).toContain("Begin with QUEUE-05 ")
  })
  it("as a page shows expected, found and requests, loads nothing, and takes nothing of a server's answer for markup", () => {
    const page = reportHtml(report)
    expect(page).toContain("<h4>Expected</h4><pre>1 &amp; 2</pre>")
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;")
    expect(page).not.toContain("<script")
    expect(page).toContain("# 200 {&quot;a&quot;:&quot;&lt;b&gt;&quot;}")
    expect([...page.matchAll(/(?:src|href)="([^"]*)"/gu)].map(([, to]) => to)).toEqual(["#QUEUE-03"])
  })
  it("as a page says beside a law why it was not looked at", () => {
    const [law] = report.laws
    if (law === undefined) throw new Error("there is no law")
    const verdict: Verdict = { status: "skipped", reason: "needs a token (--token)" }
    const page = reportHtml({ ...report, laws: [{ ...law, verdict }] })
    expect(page).toMatch(/<summary>.*Epochs go up\..*needs a token \(--token\).*<\/summary>/u)
  })
  it("as JSON is the report, with the version of its form", () => {
    expect(JSON.parse(reportJson(report))).toEqual({ schema_version: 1, ...report })
  })
  it("as a badge says which level holds, or that something is broken", () => {
    expect(badgeSvg({ highest: 4, isKept: true, laws: [] })).toContain('aria-label="JobSpec v0: level 4 project"')
    const broken = badgeSvg({ claimed: 3, isKept: false, laws: [] })
    expect(broken).toContain('aria-label="JobSpec v0: broken: level 3 execute"')
  })
  it("as a badge is green only where a restart was looked at, if the level promises what a restart would show", () => {
    const [law] = report.laws
    if (law === undefined) throw new Error("there is no law")
    const verdict: Verdict = { status: "skipped", reason: "needs a command (--restart-cmd)" }
    const laws = [{ ...law, id: "LEDGER-01", level: 2 as const, hooks: ["restart" as const], verdict }]
    const green = "#2c7a4b"
    expect(badgeSvg({ claimed: 2, isKept: true, laws })).toContain(
      'aria-label="JobSpec v0: level 2 enqueue, restart not shown"',
    )
    expect(badgeSvg({ claimed: 2, isKept: true, laws })).not.toContain(green)
    expect(badgeSvg({ claimed: 1, isKept: true, laws })).toContain(green)
    expect(badgeSvg({ claimed: 2, isKept: true, laws: [{ ...law, verdict: pass }] })).toContain(green)
  })
})
