import { Schema } from "effect"
import { expect, it } from "vitest"
import { make } from "../src/Benchmark.ts"
import { measure } from "../src/Harness.ts"
import { Report } from "../src/Report.ts"
import { renderTable } from "../src/Table.ts"

/** Released: a reader of these files may rely on every key. */
const pinned = {
  schema_version: "waybill-bench/1",
  started_at: "2026-01-02T03:04:05.000Z",
  revision: { commit: "0123abc", is_dirty: false },
  seed: 7,
  runs: 1,
  warmups: 0,
  garbage_collected: false,
  short: false,
  machine: { cpu: "A CPU", cores: 4, memory_bytes: 8_589_934_592, os: "Linux 6.1 x64", node: "v24.0.0" },
  load_average: [0.5, 0.4, 0.3],
  versions: { effect: "4.1.0" },
  benchmarks: [
    {
      name: "sample",
      title: "A sample",
      unit: "things",
      input: "100 things",
      amount: 100,
      subjects: [
        {
          name: "ours",
          role: "subject",
          warmups: 0,
          runs_ms: [20],
          ms: { min: 20, median: 20, max: 20 },
          per_second: { min: 5000, median: 5000, max: 5000 },
        },
        {
          name: "floor",
          role: "limit",
          warmups: 0,
          runs_ms: [10],
          ms: { min: 10, median: 10, max: 10 },
          per_second: { min: 10_000, median: 10_000, max: 10_000 },
        },
      ],
      ratios: [{ subject: "ours", to: "floor", role: "limit", ratio: { min: 0.5, median: 0.5, max: 0.5 } }],
      curves: [
        {
          name: "memory",
          x: "things",
          y: "bytes",
          points: [
            { x: 1, y: 20 },
            { x: 1000, y: 20_000 },
          ],
        },
      ],
      goals: [
        { what: "ours: speed beside floor", bound: "at least", want: 0.7, got: 0.5, range: { min: 0.5, max: 0.5 } },
      ],
      left_out: [],
      warmups: 0,
      took_ms: 30,
    },
  ],
  failed: [],
}

const decode = Schema.decodeUnknownSync(Report, { onExcessProperty: "error" })

it("the JSON format stays as it is", () => {
  expect(decode(JSON.parse(JSON.stringify(pinned)))).toEqual(pinned)
  expect(() => decode({ ...pinned, schema_version: "waybill-bench/2" })).toThrow()
  expect(() => decode({ ...pinned, extra: 1 })).toThrow()
})

it("a report without the revision, the load and the actual warm-ups is still read", () => {
  const { load_average: _load, revision: _revision, ...older } = pinned
  expect(decode(older)).toEqual(older)
})

it("what the harness measures is what the format describes", async () => {
  let now = 0
  const takes = (ms: number) => () => {
    now += ms
  }
  const benchmark = make({
    name: "sample",
    title: "A sample",
    unit: "things",
    input: () => 100,
    amount: (input) => input,
    describe: (input) => `${input} things`,
    subjects: [
      { name: "ours", role: "subject", run: takes(20) },
      { name: "floor", role: "limit", run: takes(10) },
    ],
    goals: [{ subject: "ours", beside: "floor", speed_min: 0.7 }],
    curves: (input) => [
      { name: "memory", x: "things", y: "bytes", points: [1, input * 10].map((x) => ({ x, y: x * 20 })) },
    ],
  })
  const bench = { now: () => now, collectGarbage: undefined, progress: () => {} }
  const result = await measure(bench, benchmark, { runs: 1, warmups: 0, seed: 7 })
  expect(JSON.parse(JSON.stringify(result))).toEqual(pinned.benchmarks[0])
})

it("the table shows each subject's spread and its ratio", () => {
  const lines = renderTable(decode(pinned)).split("\n")
  expect(lines).toContain("A CPU, 4 cores, 8 GiB, Linux 6.1 x64, Node v24.0.0")
  expect(lines).toContain("ours   subject     1      20      20   20         5,000   5,000   5,000")
  expect(lines).toContain("revision 0123abc, load 0.5, 0.4, 0.3")
  expect(lines).toContain("1 run after 0 warm-ups")
  expect(lines).toContain("things   bytes")
  expect(lines).toContain(" 1,000  20,000")
  expect(lines).toContain("ours / floor  limit  0.5     0.5  0.5")
})
