import { describe, expect, it } from "vitest"
import type { JobInput, JobOutput } from "../src/server/model/JobModel.ts"
import { shown, Words } from "../src/Law.ts"
import { besideEachOther, judge } from "../src/server/model/judge.ts"
import type { Recorded } from "../src/server/model/runProgram.ts"

type Row = readonly [JobInput, number, number, JobOutput] | readonly [JobInput, number]

const historyOf = (rows: ReadonlyArray<Row>, slot = 0): ReadonlyArray<Recorded> =>
  rows.map(([input, called, at, output]) => ({
    slot,
    input,
    called,
    ...(at === undefined || output === undefined ? {} : { answer: { at, output } }),
    command: `curl ${input.kind}`,
    outcome: String(output?.is),
  }))
const verdict = (...rows: ReadonlyArray<Row>) => judge(historyOf(rows), 3)

const job_id = "j"
const submit: JobInput = { kind: "submit", job_id }
const claim: JobInput = { kind: "claim", job_id }
const submitted: JobOutput = { is: "submitted", job_id }
const claimed = (lease_epoch: number, claim_token = `t${lease_epoch}`): JobOutput => ({
  is: "claimed",
  claim_token,
  lease_epoch,
  attempt: lease_epoch,
})
const by = (kind: "heartbeat" | "complete" | "release", lease_epoch: number): JobInput => ({
  kind,
  job_id,
  claim_token: `t${lease_epoch}`,
  lease_epoch,
})
const accepted: Row = [submit, 1, 2, submitted]

describe("a server that is right", () => {
  it("is believed: two claims at the same time, one of which is refused", () =>
    expect(verdict(accepted, [claim, 3, 6, claimed(1)], [claim, 4, 5, { is: "conflict" }])).toBeUndefined())
  it("may give a lease back whose worker hung up, at any time, or not at all", () => {
    const hungUp: ReadonlyArray<Row> = [accepted, [claim, 3], [{ kind: "give back" }, 3]]
    expect(verdict(...hungUp, [claim, 5, 6, { is: "conflict" }])).toBeUndefined()
    expect(verdict(...hungUp, [claim, 5, 6, claimed(2)])).toBeUndefined()
    expect(verdict(...hungUp, [claim, 5, 6, claimed(1)])).toBeUndefined()
  })
  it("may answer a hold that is given back on a job which nobody holds either way, but not where somebody else holds it", () => {
    for (const is of ["given back", "conflict"] as const) {
      expect(verdict(accepted, [by("release", 1), 3, 4, { is }])).toBeUndefined()
      expect(verdict(accepted, [by("release", 1), 3, 4, { is }], [claim, 5, 6, claimed(1)])).toBeUndefined()
    }
    expect(
      verdict(accepted, [claim, 3, 4, claimed(1, "other")], [by("release", 1), 5, 6, { is: "given back" }]),
    ).toBeDefined()
    expect(verdict(accepted, [claim, 3, 4, claimed(1)], [by("release", 1), 5, 6, { is: "conflict" }])).toBeDefined()
  })
  it("fails a job whose attempts are used up: when it is given back, or when a claim comes upon it", () => {
    const read: JobInput = { kind: "read", job_id }
    const seen = (status: string): JobOutput => ({ is: "read", status, attempt: 3, lease_epoch: 3 })
    const attempt = (n: number): ReadonlyArray<Row> => [
      [claim, 10 * n, 10 * n + 1, claimed(n)],
      [by("release", n), 10 * n + 2, 10 * n + 3, { is: "given back" }],
    ]
    const usedUp = [accepted, ...[1, 2, 3].flatMap(attempt)]
    expect(verdict(...usedUp, [claim, 40, 41, { is: "conflict" }])).toBeUndefined()
    expect(
      verdict(...usedUp, [read, 38, 39, seen("retry_waiting")], [claim, 40, 41, { is: "nothing" }]),
    ).toBeUndefined()
    expect(verdict(...usedUp, [read, 38, 39, seen("failed")], [claim, 40, 41, { is: "nothing" }])).toBeDefined()
    expect(verdict(...usedUp, [claim, 40, 41, claimed(4)])).toBeDefined()
  })
})

describe("a server that is wrong is told with the requests that show it", () => {
  it("two holders at once", () => {
    const problem = verdict(accepted, [claim, 3, 6, claimed(1)], [claim, 4, 5, claimed(2)])
    expect(problem?.what).toMatch(
      /^no order of these requests explains their answers; after 2 of them the job is running/u,
    )
    expect(problem?.expected).toEqual(new Words("claim: { is: 'conflict' }"))
    expect(problem?.requests).toEqual(["curl submit\n# submitted", "curl claim\n# claimed", "curl claim\n# claimed"])
  })
  it("what only the server can know is anything", () => {
    const problem = verdict(accepted, [claim, 3, 4, { is: "conflict" }])
    expect(shown(problem?.expected)).toBe("claim: { is: 'claimed', claim_token: anything, lease_epoch: 1, attempt: 1 }")
  })
  it.each<readonly [string, ReadonlyArray<Row>]>([
    ["a job that is gone", [accepted, [claim, 3, 4, { is: "not found" }]]],
    [
      "a late worker that completes",
      [
        accepted,
        [claim, 3, 4, claimed(1)],
        [by("release", 1), 5, 6, { is: "given back" }],
        [by("complete", 1), 7, 8, { is: "ended", status: "completed" }],
      ],
    ],
    [
      "an end that changes",
      [
        accepted,
        [{ kind: "cancel", job_id }, 3, 4, { is: "cancelled", outcome: "cancelled" }],
        [{ kind: "cancel", job_id }, 5, 6, { is: "cancelled", outcome: "cancelled" }],
      ],
    ],
    [
      "an epoch that is given again",
      [
        accepted,
        [claim, 3, 4, claimed(1)],
        [by("release", 1), 5, 6, { is: "given back" }],
        [claim, 7, 8, claimed(1, "other")],
      ],
    ],
    ["an answer that is none", [[submit, 1, 2, { is: "other", status: 500, text: "" }]]],
    [
      "a second job of a retry",
      [
        [{ kind: "submit", job_id: undefined }, 1, 2, { is: "submitted", job_id: "a" }],
        [{ kind: "submit", job_id: undefined }, 3, 4, { is: "submitted", job_id: "b" }],
      ],
    ],
  ])("%s", (_, rows) => expect(verdict(...rows)).toBeDefined())
  it("one job for two submissions that have nothing in common", () => {
    const one: Row = [{ kind: "submit", job_id: undefined }, 1, 2, { is: "submitted", job_id: "same" }]
    expect(judge([...historyOf([one], 0), ...historyOf([one], 1)], 3)?.found).toBe("same")
  })
})

it("two programs beside each other that are told one id are seen, though each by itself is right", () => {
  const one = historyOf([[{ kind: "submit", job_id: undefined }, 1, 2, submitted]])
  const other = historyOf([[{ kind: "submit", job_id: undefined }, 1, 3, submitted]])
  expect([judge(one, 3), judge(other, 3)]).toEqual([undefined, undefined])
  const problem = judge(besideEachOther([one, other]), 3)
  expect(problem).toMatchObject({ expected: "two jobs", found: job_id })
  expect(problem?.requests.length).toBe(2)
  expect(besideEachOther([one, [], other]).map(({ slot }) => slot)).toEqual([0, 1])
})
