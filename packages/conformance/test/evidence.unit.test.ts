import { expect, it } from "vitest"
import { evidenceOf } from "../src/server/evidence.ts"
import type { Exchange } from "../src/server/Exchange.ts"

const exchange = (began: number, ended: number, body: string, lost?: string, hung_up_ms?: number): Exchange => ({
  asked: {
    method: "POST",
    path: "/v1/jobs",
    headers: {},
    body,
    ...(hung_up_ms === undefined ? {} : { hung_up_ms }),
  },
  outcome:
    lost === undefined
      ? { status: 202, headers: new Headers(), text: `{"job_id":"${body}"}`, bytes: new Uint8Array(), json: {} }
      : { lost },
  began,
  ended,
})
const curl = (body: string, more = "") => `curl -sS${more} -X POST "$URL/v1/jobs" --data-binary '${body}'`

it("what was asked at the same time is asked so again, in the order of sending, and waited for", () => {
  // As they were answered: the second one first.
  const exchanges = [exchange(2, 3, "b"), exchange(1, 4, "a"), exchange(5, 6, "c")]
  expect(evidenceOf(exchanges, undefined, { words: [] })).toEqual([
    `${curl("a")} &\n# 202 {"job_id":"a"}`,
    `${curl("b")}\n# 202 {"job_id":"b"}\nwait`,
    `${curl("c")}\n# 202 {"job_id":"c"}`,
  ])
})

it("a client that hung up does so again, after as long", () => {
  const [line] = evidenceOf([exchange(1, 2, "a", "the client hung up", 3.2)], undefined, { words: [] })
  expect(line).toBe(`${curl("a", " --max-time 0.003")}\n# no answer: the client hung up`)
})

it("of many requests those are shown that are about what is wrong, whether they asked for it or were told", () => {
  const many = Array.from({ length: 60 }, (_, i) => exchange(2 * i + 1, 2 * i + 2, `job-${i}-`))
  expect(evidenceOf(many, undefined, { words: ["job-3-", "job-7-"] }).length).toBe(2)
  expect(evidenceOf(many, undefined, { words: [] }).length).toBe(12)
  const last = many.at(-1)
  expect(
    last && evidenceOf(many, undefined, { words: ["job-3-"], also: last }).map((line) => line.split("\n")[0]),
  ).toEqual([curl("job-3-"), curl("job-59-")])
  const [told] = evidenceOf([exchange(1, 2, "x", undefined)], undefined, { words: ['"job_id":"x"'] })
  expect(told).toContain("202")
})

it("of more requests than are shown, what made the state is kept before what was refused in it, and the last ones always", () => {
  const refused = { status: 409, headers: new Headers(), text: "no", bytes: new Uint8Array(), json: undefined }
  const many = [
    exchange(1, 2, "made"),
    exchange(3, 4, "claimed", "the client hung up", 2),
    ...Array.from({ length: 30 }, (_, i) => ({ ...exchange(2 * i + 5, 2 * i + 6, `refused ${i}`), outcome: refused })),
    { ...exchange(70, 71, "the last"), outcome: refused },
  ]
  const bodies = evidenceOf(many, undefined, { words: [] }).map((line) => /--data-binary '([^']*)'/u.exec(line)?.[1])
  const between = Array.from({ length: 9 }, (_, i) => `refused ${i + 21}`)
  expect(bodies).toEqual(["made", "claimed", ...between, "the last"])
})

it("where the server was killed in between it is said", () => {
  const lines = evidenceOf([exchange(1, 2, "a"), exchange(3, 4, "b")], undefined, { words: [], restarts: [1] })
  expect(lines.map((line) => line.split("\n").at(-1))).toEqual([
    "# then the server is killed and started again",
    '# 202 {"job_id":"b"}',
  ])
})

it("what was read again with the same answer is read once", () => {
  const read = (began: number, text: string): Exchange => ({
    asked: { method: "GET", path: "/v1/status", headers: {} },
    outcome: { status: 200, headers: new Headers(), text, bytes: new Uint8Array(), json: {} },
    began,
    ended: began + 1,
  })
  const lines = evidenceOf([read(1, "a"), read(3, "a"), read(5, "b"), read(7, "b")], undefined, { words: [] })
  expect(lines.map((line) => line.split("\n").at(-1))).toEqual(["# 200 a", "# 200 b"])
})
