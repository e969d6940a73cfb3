import fc from "fast-check"
import { expect, it } from "vitest"
import { make } from "../src/Benchmark.ts"
import { runsInWords } from "../src/Report.ts"
import { type Bench, measure, shuffled, spreadOf } from "../src/Harness.ts"

/** A clock that only work moves on: each subject takes the next of its times. */
const setUp = (times: Readonly<Record<string, ReadonlyArray<number>>>) => {
  let now = 1000
  const events: Array<string> = []
  const left = new Map(Object.entries(times).map(([name, list]) => [name, [...list]]))
  const bench: Bench = {
    now: () => now,
    collectGarbage: () => {
      events.push("gc")
      now += 50
    },
    progress: () => {},
  }
  const work = (name: string) => () => {
    events.push(name)
    now += left.get(name)?.shift() ?? 0
    return name
  }
  return { bench, events, work }
}

const options = {
  name: "sample",
  title: "A sample",
  unit: "things",
  input: () => 100,
  amount: (input: number) => input,
  describe: (input: number) => `${input} things`,
}
const settings = { runs: 3, warmups: 1, seed: 7 }

it("subjects are run in turns, each once in a round, with garbage collected before each measured run", async () => {
  const { bench, events, work } = setUp({})
  const subjects = [
    { name: "ours", role: "subject" as const, run: work("ours") },
    { name: "floor", role: "limit" as const, run: work("floor") },
  ]
  await measure(bench, make({ ...options, subjects }), settings)
  const told = events.join(" ")
  expect(told).toMatch(/^ours floor( gc (ours gc floor|floor gc ours)){3}$/u)
})

it("each round has an order of its own, that the seed decides, and nobody has always the same one before it", () => {
  const items = ["a", "b", "c", "d", "e"]
  const orders = (seed: number, rounds: number) =>
    Array.from({ length: rounds }, (_, round) => shuffled(items, seed, round + 1))
  fc.assert(
    fc.property(fc.nat(1000), (seed) => {
      const all = orders(seed, 100)
      for (const order of all) expect(order.toSorted()).toEqual(items)
      expect(orders(seed, 100)).toEqual(all)
      const pairs = all.flatMap((order) => order.slice(1).map((item, at) => `${order[at]}${item}`))
      // Of 100 rounds, each of the 20 pairs is expected in 20.
      for (const [, those] of Map.groupBy(pairs, (pair) => pair)) expect(those.length).toBeLessThan(50)
      expect(new Set(pairs).size).toBe(20)
    }),
  )
})

it("warm-ups and the collector's time are not measured, and ratios are taken within each round", async () => {
  const { bench, work } = setUp({ ours: [999, 10, 40, 20], floor: [999, 10, 10, 20], theirs: [999, 40, 40, 40] })
  const subjects = [
    { name: "ours", role: "subject" as const, run: work("ours") },
    { name: "floor", role: "limit" as const, run: work("floor") },
    { name: "theirs", role: "peer" as const, run: work("theirs") },
  ]
  const result = await measure(bench, make({ ...options, subjects }), settings)
  expect(result.subjects[0]).toEqual({
    name: "ours",
    role: "subject",
    warmups: 1,
    runs_ms: [10, 40, 20],
    ms: { min: 10, median: 20, max: 40 },
    per_second: { min: 2500, median: 5000, max: 10_000 },
  })
  expect(result.ratios).toEqual([
    { subject: "ours", to: "floor", role: "limit", ratio: { min: 0.25, median: 1, max: 1 } },
    { subject: "ours", to: "theirs", role: "peer", ratio: { min: 1, median: 2, max: 4 } },
  ])
})

it("a subject that names what it stands beside is compared with that alone", async () => {
  const { bench, work } = setUp({})
  const subjects = [
    { name: "one", role: "subject" as const, beside: ["floor of one"], run: work("one") },
    { name: "floor of one", role: "limit" as const, run: work("floor of one") },
    { name: "two", role: "subject" as const, beside: ["floor of two"], run: work("two") },
    { name: "floor of two", role: "limit" as const, run: work("floor of two") },
  ]
  const { ratios } = await measure(bench, make({ ...options, subjects }), settings)
  expect(ratios.map(({ subject, to }) => [subject, to])).toEqual([
    ["one", "floor of one"],
    ["two", "floor of two"],
  ])
})

it("work that is a promise is measured to its end", async () => {
  const { bench, work } = setUp({ ours: [0, 30, 30, 30] })
  const run = async () => {
    await Promise.resolve()
    return work("ours")()
  }
  const result = await measure(
    bench,
    make({ ...options, subjects: [{ name: "ours", role: "subject", run }] }),
    settings,
  )
  expect(result.subjects[0]?.runs_ms).toEqual([30, 30, 30])
})

it("every subject gets the same input, made once from the seed, and it is given back", async () => {
  const { bench } = setUp({})
  const seeds: Array<number> = []
  const inputs = new Set<object>()
  const closed: Array<object> = []
  const benchmark = make({
    ...options,
    input: (seed: number) => {
      seeds.push(seed)
      return { seed }
    },
    amount: () => 1,
    describe: () => "an object",
    subjects: [
      { name: "a", role: "subject", run: (input) => inputs.add(input) },
      { name: "b", role: "limit", run: (input) => inputs.add(input) },
    ],
    close: (input) => void closed.push(input),
  })
  await measure(bench, benchmark, settings)
  expect(seeds).toEqual([7])
  expect([...inputs]).toEqual(closed)
})

it("a wrong answer stops the benchmark, names the subject and still closes the input", async () => {
  const { bench } = setUp({})
  let closed = false
  const benchmark = make({
    ...options,
    subjects: [{ name: "hasty", role: "subject", run: () => 41 }],
    check: (result) => {
      if (result !== 42) throw new Error(`${result} is not 42`)
    },
    close: () => {
      closed = true
    },
  })
  await expect(measure(bench, benchmark, settings)).rejects.toThrow("sample: hasty: 41 is not 42")
  expect(closed).toBe(true)
})

it("a run too short for the clock still has a finite rate", async () => {
  const { bench } = setUp({})
  const result = await measure(
    bench,
    make({ ...options, subjects: [{ name: "a", role: "subject", run: () => 1 }] }),
    settings,
  )
  expect(Number.isFinite(result.subjects[0]?.per_second.max)).toBe(true)
})

it("the middle of an even number of runs is the mean of the two in the middle", () => {
  expect(spreadOf([4, 1, 3, 10])).toEqual({ min: 1, median: 3.5, max: 10 })
  expect(spreadOf([5])).toEqual({ min: 5, median: 5, max: 5 })
})

it("one subject is measured alone where it is named, and a name that is none is told with those that are", async () => {
  const { bench, events, work } = setUp({})
  const subjects = ["ours", "theirs"].map((name) => ({ name, role: "subject" as const, run: work(name) }))
  const benchmark = make({ ...options, subjects })
  const result = await measure(bench, benchmark, { ...settings, only: "theirs" })
  expect(result.subjects.map(({ name }) => name)).toEqual(["theirs"])
  expect(events).not.toContain("ours")
  await expect(measure(bench, benchmark, { ...settings, only: "nobody" })).rejects.toThrow(
    'there is no subject "nobody"; there are ours, theirs',
  )
})

/** Times that are the same each time. */
const always = (ms: number) => Array.from({ length: 20 }, () => ms)

it("no run is begun once the time of a subject is up, but three are measured; warm-ups come out of the same time", async () => {
  const runsIn = async (budget_ms: number) => {
    const { bench, events, work } = setUp({ ours: always(100) })
    const subjects = [{ name: "ours", role: "subject" as const, run: work("ours") }]
    const benchmark = make({ ...options, subjects, check: () => {} })
    const { subjects: results } = await measure(bench, benchmark, { ...settings, runs: 10, budget_ms })
    const [ours] = results
    return [events.filter((event) => event === "ours").length, ours?.warmups, ours?.runs_ms.length]
  }
  // Each is run once to be checked; a warm-up where there is time for it; a measured run takes 150 with its collection.
  expect(await runsIn(0)).toEqual([4, 0, 3])
  expect(await runsIn(499)).toEqual([4, 0, 3])
  expect(await runsIn(1000)).toEqual([7, 1, 5])
  expect(await runsIn(10_000)).toEqual([12, 1, 10])
})

it("whoever is slow sits out the last rounds, and is compared within those in which it ran", async () => {
  const quick = [10, 10, 10, 20, 40, 99, 99, 99, 99, 99, 99, 99]
  const { bench, events, work } = setUp({ quick, slow: always(1000) })
  const subjects = [
    { name: "quick", role: "subject" as const, run: work("quick") },
    { name: "slow", role: "peer" as const, run: work("slow") },
  ]
  const benchmark = make({ ...options, subjects, check: () => {} })
  const result = await measure(bench, benchmark, { ...settings, runs: 10, budget_ms: 4000 })
  expect(result.subjects.map(({ runs_ms }) => runs_ms.length)).toEqual([10, 3])
  expect(result.subjects.map(({ warmups }) => warmups)).toEqual([1, 0])
  expect(result.subjects[0]?.runs_ms.slice(0, 3)).toEqual([10, 20, 40])
  expect(result.ratios).toEqual([
    { subject: "quick", to: "slow", role: "peer", ratio: { min: 25, median: 50, max: 100 } },
  ])
  // It takes part from the first round on, and never again once it has stopped.
  const told = events.filter((event) => event !== "gc")
  expect(told.lastIndexOf("slow")).toBeLessThan(told.length - 6)
})

it("how much of the processors' time was stolen is told where it is counted", async () => {
  const { bench, work } = setUp({})
  const subjects = [{ name: "ours", role: "subject" as const, run: work("ours") }]
  const sharesOf = async (times: ReadonlyArray<{ stolen: number; all: number } | undefined>) => {
    const left = [...times]
    const watched = { ...bench, processorTime: () => left.shift() }
    const result = await measure(watched, make({ ...options, subjects }), settings)
    return [result.stolen_share, runsInWords(result)]
  }
  const [few, many] = [
    { stolen: 5, all: 100 },
    { stolen: 55, all: 500 },
  ]
  expect(await sharesOf([few, many])).toEqual([0.125, "3 runs after 1 warm-up; 13 % of the processors' time stolen"])
  expect(await sharesOf([few, { stolen: 7, all: 500 }])).toEqual([0.005, "3 runs after 1 warm-up"])
  expect(await sharesOf([undefined, undefined])).toEqual([undefined, "3 runs after 1 warm-up"])
})
