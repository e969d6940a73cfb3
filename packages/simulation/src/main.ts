/**
 * `npm run simulate -- --seeds N [--from F] [--workers K]`, or `--seed S [--without KINDS] [--jobs N] [--trace]`.
 *
 * @module
 */
import { parseArgs } from "node:util"
import { findLaws } from "./findLaws.ts"
import { fault_kinds, type FaultKind, type Reduction } from "./Plan.ts"
import { reduce, replayOf } from "./reduce.ts"
import { formatSum, formatTrace } from "./report.ts"
import { runSeeds } from "./runSeeds.ts"
import { simulate, type Simulated } from "./simulate.ts"
import { formatLine } from "./Trace.ts"

const usage = `Simulates the whole of Waybill from seeds, and checks its laws.

  npm run simulate -- --seeds N [--from F] [--workers K]   the seeds F (1) to F + N - 1, in K (1) threads
  npm run simulate -- --seed S [--without a,b] [--jobs N]  one seed, twice, with its trace where it fails
                      [--trace]                            and the whole trace in any case

Kinds of faults: ${fault_kinds.join(", ")}`

const fail = (message: string): never => {
  console.error(`${message}\n\n${usage}`)
  process.exit(2)
}

const options = {
  seeds: { type: "string" },
  from: { type: "string", default: "1" },
  workers: { type: "string", default: "1" },
  seed: { type: "string" },
  without: { type: "string", default: "" },
  jobs: { type: "string" },
  trace: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const

/** Words of one way to call it say nothing in the other. */
const ways = { seed: ["seeds", "from", "workers"], seeds: ["seed", "without", "jobs", "trace"] } as const

/** What was asked for. A word that means nothing is no broken law: it ends with 2. */
const asked = () => {
  try {
    const { tokens, values } = parseArgs({ options, tokens: true })
    const given = new Set(tokens.map((token) => (token.kind === "option" ? token.name : "")))
    for (const way of ["seed", "seeds"] as const) {
      const other = given.has(way) ? ways[way].find((name) => given.has(name)) : undefined
      if (other !== undefined) return fail(`--${way} does not go together with --${other}`)
    }
    return values
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

const values = asked()

const whole = (name: string, text: string, least: number): number => {
  const value = Number(text)
  return /^\d+$/u.test(text) && Number.isSafeInteger(value) && value >= least
    ? value
    : fail(`--${name} ${text}: a whole number from ${least} on`)
}

const kinds = (text: string): ReadonlyArray<FaultKind> =>
  text
    .split(",")
    .filter((name) => name !== "")
    .map((name) => fault_kinds.find((kind) => kind === name) ?? fail(`--without ${name}: no such kind of fault`))

const describe = ({ broken, events, hash, jobs, plan, seed, steps, took_ms }: Simulated): string =>
  [
    `seed ${seed}: ${jobs} jobs, ${events} facts, ${steps} steps, ${(took_ms / 1000).toFixed(1)} simulated seconds, trace ${hash}`,
    `faults: ${[...plan.faults].join(", ") || "none"}`,
    ...broken.slice(0, 20).map(({ fault, law }) => `BROKEN ${law}: ${fault}`),
  ].join("\n")

const laws = await findLaws()

/** Prints a failure with the least that still fails. */
const explain = (seed: number, law: string): void => {
  const reduction = reduce(seed, law, laws)
  const least = simulate(seed, { laws, reduction, isTraced: true })
  console.log(`\nThe least that still breaks ${law}:\n${formatTrace(least.trace)}\n\n${describe(least)}`)
  console.log(`statement: ${laws.find(({ id }) => id === law)?.statement ?? "the ledger can be read"}`)
  console.log(`replay it: ${replayOf(seed, reduction)}`)
}

if (values.help) console.log(usage)
else if (values.seed !== undefined) {
  const seed = whole("seed", values.seed, 0)
  const reduction: Reduction = {
    without: kinds(values.without),
    ...(values.jobs === undefined ? {} : { jobs: whole("jobs", values.jobs, 1) }),
  }
  const once = simulate(seed, { laws, reduction, isTraced: true })
  const again = simulate(seed, { laws, reduction })
  if (values.trace) for (const line of once.trace) console.log(formatLine(line))
  console.log(describe(once))
  if (once.hash !== again.hash) {
    console.log(`NOT DETERMINISTIC: the second run's trace is ${again.hash}`)
    process.exitCode = 1
  }
  const [first] = once.broken
  if (first !== undefined) {
    process.exitCode = 1
    explain(seed, first.law)
  }
} else if (values.seeds !== undefined) {
  let told = 0
  const sum = await runSeeds({
    from: whole("from", values.from, 0),
    count: whole("seeds", values.seeds, 1),
    workers: whole("workers", values.workers, 1),
    onProgress: ({ failed, seeds }) => {
      // At once: whoever sees one need not wait for the rest.
      for (const { first, seed } of failed.slice(told)) console.error(`seed ${seed}: ${first.law}: ${first.fault}`)
      told = failed.length
      console.error(`${seeds} seeds, ${told} failed`)
    },
  })
  const { system, user } = process.cpuUsage()
  console.log(formatSum(sum, (system + user) / 1e6))
  for (const { first, seed } of sum.failed.slice(0, 20)) console.log(`seed ${seed}: ${first.law}: ${first.fault}`)
  const [failed] = sum.failed.toSorted((a, b) => a.seed - b.seed)
  if (failed !== undefined) {
    process.exitCode = 1
    explain(failed.seed, failed.first.law)
  }
} else fail("--seeds or --seed is needed")
