import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { type Figures, judge, verdict } from "../src/Goals.ts"
import { renderPage, whyNotWhole, writePage } from "../src/Page.ts"
import { page_rows } from "../src/PageRows.ts"
import { plot } from "../src/Plot.ts"
import type { GoalResult, Report } from "../src/Report.ts"

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
  revision: { commit: "0123abc", is_dirty: true },
  load_average: [0.5, 0.4, 0.3],
  seed: 7,
  runs: 3,
  warmups: 1,
  garbage_collected: true,
  short: false,
  machine: { cpu: "A CPU", cores: 4, memory_bytes: 2 ** 33, os: "Linux", node: "v24.0.0" },
  versions: { effect: "4.1.0" },
  benchmarks: [
    {
      name: "replay-jsonl",
      warmups: 1,
      title: "A sample",
      unit: "things",
      input: "one | two",
      amount: 1,
      subjects: [{ name: "ours", role: "subject", warmups: 1, runs_ms: [1, 2, 3], ms: one, per_second: one }],
      ratios,
      curves: [curve, other],
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

it.each([
  [[4, 9, 8], [2, 3, 4], 3],
  [[1, 1, 1], [2, 2, 2], 0.5],
  [[1, 1, 1], [1, 0, 1], undefined],
  [[1, 1, 1], [1, 1], undefined],
  [[], [], undefined],
])(
  "a curve of %j is beside one of %j what it is at its worst point, and nothing where a point is missing",
  (ys, others, got) => {
    const curves = [
      { ...curve, points: ys.map((y, x) => ({ x, y })) },
      { ...other, points: others.map((y, x) => ({ x, y })) },
    ]
    const measured = { unit: "things", ratios: [], subjects: [], curves }
    expect(judge([{ curve: curve.name, than: other.name, times_max: 2 }], measured)[0]?.got).toBe(got)
  },
)

it("a wall tells figures of the run that it is judged by, and which of them were not measured", () => {
  const measured = {
    unit: "things",
    ratios,
    subjects: [{ name: "ours", role: "subject" as const, runs_ms: [1], ms: one, per_second: one }],
    curves: [curve],
  }
  const wall = ({ beside, last, time }: Figures) =>
    [
      time("ours"),
      beside("ours", "a"),
      beside("ours", "b"),
      last(curve.name),
      time("nobody"),
      beside("a", "ours"),
      last("none"),
    ].join("; ")
  const [goal] = judge([{ subject: "ours", beside: "b", speed_min: 1, wall }], measured)
  expect(goal?.wall).toBe(
    "2 ms; is 4 times as fast; takes 2 times as long; 2; not measured; not measured; not measured",
  )
})

it("the page tells the machine, the versions, every goal, and what could not be measured; every plot it shows is there", async () => {
  const folder = await mkdtemp(join(tmpdir(), "waybill-page-"))
  await writePage(folder, report)
  const page = await readFile(join(folder, "benchmarks.md"), "utf8")
  for (const words of [
    "A CPU, 4 cores, 8 GiB, Linux, Node v24.0.0",
    "effect 4.1.0",
    "Of 7 goals: 3 passed, 3 missed, 1 not measured (2 undecided).",
    "Revision 0123abc, **with changes that are not committed**, measured 2026-01-02T03:04:05.000Z, with a load of 0.5, 0.4, 0.3",
    "missed: takes 2 times as long",
    "What stands in the way (replay-jsonl: ours: speed beside b, the fastest of those beside it): parsing alone takes as long.",
    "`npm run bench -- replay-jsonl` (3 runs after 1 warm-up): one | two.",
    "Without theirs: no registry.",
    "`other` could not be measured: needs PostgreSQL.",
    "[replay-jsonl](#a-sample)",
    "## 1. Replaying a ledger into the queue view",
    "### A sample",
  ])
    expect(page).toContain(words)
  expect(page).not.toContain("nobody is there.")
  const shown = [...page.matchAll(/\]\(benchmarks\/([^)]+)\)/gu)].map(([, file]) => file)
  expect(shown).toEqual(["replay-jsonl-cost-of-one.svg"])
  expect(await readdir(join(folder, "benchmarks"))).toEqual(shown)
  await rm(folder, { recursive: true })
})

it("a page replaces the plots of an earlier one, and leaves alone what it did not write", async () => {
  const folder = await mkdtemp(join(tmpdir(), "waybill-page-"))
  const plots = join(folder, "benchmarks")
  await mkdir(plots)
  await writeFile(join(plots, "gone-cost.svg"), plot(curve))
  await writeFile(join(plots, "logo.svg"), "<svg>somebody else's</svg>\n")
  await writeFile(join(plots, "notes.txt"), "kept\n")
  await writePage(folder, report)
  expect((await readdir(plots)).toSorted()).toEqual(["logo.svg", "notes.txt", "replay-jsonl-cost-of-one.svg"])
  expect(await readdir(folder)).toHaveLength(2)
  await rm(folder, { recursive: true })
})

it("the page begins with a line for each row, in their order, which says how ours stands beside limit and peer", () => {
  const [sample] = report.benchmarks
  if (sample === undefined) throw new Error("there is a sample")
  const named = (name: string) => ({ ...sample, name, title: `About ${name}` })
  const benchmarks = ["other", "line-decode", "append-jsonl-16", "append-jsonl-1"].map(named)
  const page = renderPage({ ...report, benchmarks })
  const places = [
    "| [3. Durable",
    "| [8. Making",
    "## 3. Durable",
    "### About append-jsonl-1\n",
    "### About append-jsonl-16",
  ]
  const found = [...places, "## 8.", "## Besides", "### About other"].map((words) => page.indexOf(words))
  expect(found).toEqual(found.filter((at) => at >= 0).toSorted((a, b) => a - b))
  expect(page).toMatch(
    /append-jsonl-1, append-jsonl-16 *\| *\| takes 2 times as long to 4 times as fast \| 6 passed, 6 missed/u,
  )
  expect(page.split("parsing alone takes as long.")).toHaveLength(1 + benchmarks.length)
})

it("a report that leaves something out is not whole, and says what", () => {
  const [whole] = report.benchmarks
  if (whole === undefined) throw new Error("there is none")
  const full = { ...report, benchmarks: [{ ...whole, left_out: [] }], failed: [] }
  expect(whyNotWhole(full, ["replay-jsonl"])).toBeUndefined()
  expect(whyNotWhole({ ...full, short: true }, ["replay-jsonl"])).toBe("a hundredth of the input was measured")
  expect(whyNotWhole(report, ["replay-jsonl", "other", "third"])).toBe(
    "other was not measured (needs PostgreSQL); third was not measured; without theirs: no registry",
  )
})

it("goals that are set besides are counted apart", () => {
  const [result] = report.benchmarks
  if (result === undefined) throw new Error("there is none")
  const marked = result.goals.map((goal, at): GoalResult => (at === 0 ? goal : { ...goal, besides: true }))
  const page = renderPage({ ...report, benchmarks: [{ ...result, goals: marked }] })
  expect(page).toContain("Of 1 goal: 1 missed (1 undecided). Of 6 more, set besides")
  expect(page.match(/\(set besides\)/gu)).toHaveLength(6)
})

it("every benchmark of a row is there", async () => {
  const files = await readdir(join(import.meta.dirname, "../src/benchmarks"))
  expect(files.map((file) => file.replace(/\.ts$/u, ""))).toEqual(
    expect.arrayContaining(page_rows.flatMap(({ benchmarks }) => benchmarks)),
  )
})

it("the last label of a plot lies within it, and a curve beside another is drawn into the same", () => {
  const drawing = plot(curve, other)
  const [, x] = /<text x="([\d.]+)"[^>]*>1,000,000</u.exec(drawing) ?? []
  // Nine signs of 12 px, at most 0.65 of that wide each, half of them to the right of the middle.
  expect(Number(x) + (9 * 12 * 0.65) / 2).toBeLessThanOrEqual(640)
  expect(drawing.match(/<polyline/gu)).toHaveLength(2)
  expect(drawing).toContain(">the least<")
})

it("what costs the same is drawn flat, from zero up, and texts are escaped", () => {
  const drawing = plot(curve)
  const [, points = ""] = /<polyline[^>]*points="([^"]+)"/u.exec(drawing) ?? []
  const heights = points.split(" ").map((point) => point.split(",")[1])
  expect(new Set(heights).size).toBe(1)
  expect(drawing).toContain("cost &lt;of&gt; one")
  expect(drawing).toMatch(/>0<\/text>/u)
})
