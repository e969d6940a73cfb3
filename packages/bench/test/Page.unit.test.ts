import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { judge, verdict } from "../src/Goals.ts"
import { writePage } from "../src/Page.ts"
import { plot } from "../src/Plot.ts"
import type { Report } from "../src/Report.ts"

const one = { min: 1, median: 2, max: 3 }
const curve = { name: "cost <of> one", x: "events", y: "ms", points: [1000, 1_000_000].map((x) => ({ x, y: 2 })) }
const other = { ...curve, name: "the least", points: curve.points.map(({ x }) => ({ x, y: 0.5 })) }
const ratios = [
  { subject: "ours", to: "a", role: "peer", ratio: { min: 1, median: 4, max: 5 } },
  { subject: "ours", to: "b", role: "peer", ratio: { min: 0.4, median: 0.5, max: 5 } },
] as const
const goals = judge(
  [
    { subject: "ours", beside: ["a", "b", "c"], speed_min: 1, wall: "parsing alone takes as long." },
    { subject: "ours", beside: "a", speed_min: 2 },
    { curve: curve.name, growth_max: 1.2 },
    { subject: "ours", beside: "nobody", speed_min: 1, wall: "nobody is there." },
    { subject: "ours", per_second_min: 4 },
    { curve: curve.name, than: other.name, times_max: 2 },
    { curve: curve.name, value_max: 4 },
  ],
  {
    unit: "things",
    ratios,
    subjects: [{ name: "ours", role: "subject", runs_ms: [1], ms: one, per_second: one }],
    curves: [curve, other],
    left_out: ["nobody", "c"].map((name) => ({ name, reason: "no registry" })),
  },
)
const report: Report = {
  schema_version: "waybill-bench/1",
  started_at: "2026-01-02T03:04:05.000Z",
  seed: 7,
  runs: 3,
  warmups: 1,
  garbage_collected: true,
  short: false,
  machine: { cpu: "A CPU", cores: 4, memory_bytes: 2 ** 33, os: "Linux", node: "v24.0.0" },
  versions: { effect: "4.1.0" },
  benchmarks: [
    {
      name: "sample",
      title: "A sample",
      unit: "things",
      input: "one | two",
      amount: 1,
      subjects: [{ name: "ours", role: "subject", runs_ms: [1, 2, 3], ms: one, per_second: one }],
      ratios,
      curves: [curve],
      goals,
      left_out: [{ name: "theirs", reason: "no registry" }],
    },
  ],
  failed: [{ name: "other", reason: "needs PostgreSQL" }],
}

it("the slowest ratio of several others is the one beside the fastest, and decides", () => {
  expect(goals.map(({ got }) => got)).toEqual([0.5, 4, 1, undefined, 2, 4, 2])
  expect(goals.map(verdict)).toEqual([
    "missed: takes 2 times as long; undecided: its rounds lie on both sides; without c",
    "passed: 4 times as fast (asked: 2 times as fast); undecided: its rounds lie on both sides",
    "passed, by 1.2 times",
    "not measured; without nobody",
    "missed, by 2 times",
    "missed, by 2 times",
    "passed, by 2 times",
  ])
})

it.each([
  [[9, 3, 2.8, 3.5], 1.25],
  [[2, 1, 4, 3], 4],
  [[4, 3, 2, 1], 0.75],
  [[1], undefined],
  [[0, 1], undefined],
])("growth along %j is the steepest rise from one point to a later one, whatever the first one cost", (ys, got) => {
  const points = ys.map((y, at) => ({ x: 10 ** at, y }))
  const measured = { unit: "things", ratios: [], subjects: [], curves: [{ ...curve, points }] }
  expect(judge([{ curve: curve.name, growth_max: 1.2 }], measured)[0]?.got).toBe(got)
})

it("the page tells the machine, the versions, every goal, and what could not be measured; every plot it shows is there", async () => {
  const folder = await mkdtemp(join(tmpdir(), "waybill-page-"))
  await writePage(folder, report)
  const page = await readFile(join(folder, "benchmarks.md"), "utf8")
  for (const words of [
    "A CPU, 4 cores, 8 GiB, Linux, Node v24.0.0",
    "effect 4.1.0",
    "Of 7 goals, 3 are passed, 3 missed and 1 not measured.",
    "missed: takes 2 times as long",
    "What stands in the way: parsing alone takes as long.",
    "`npm run bench -- sample` (3 runs): one | two.",
    "Without theirs: no registry.",
    "`other` could not be measured: needs PostgreSQL.",
    "[sample](#a-sample)",
    "## A sample",
  ])
    expect(page).toContain(words)
  expect(page).not.toContain("nobody is there.")
  const shown = [...page.matchAll(/\]\(benchmarks\/([^)]+)\)/gu)].map(([, file]) => file)
  expect(shown).toEqual(["sample-cost-of-one.svg"])
  expect(await readdir(join(folder, "benchmarks"))).toEqual(shown)
  await rm(folder, { recursive: true })
})

it("what costs the same is drawn flat, from zero up, and texts are escaped", () => {
  const drawing = plot(curve)
  const [, points = ""] = /<polyline[^>]*points="([^"]+)"/u.exec(drawing) ?? []
  const heights = points.split(" ").map((point) => point.split(",")[1])
  expect(new Set(heights).size).toBe(1)
  expect(drawing).toContain("cost &lt;of&gt; one")
  expect(drawing).toMatch(/>0<\/text>/u)
})
