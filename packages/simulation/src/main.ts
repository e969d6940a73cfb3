import { findLaws } from "./findLaws.ts"
import { simulate } from "./simulate.ts"
import { formatLine } from "./Trace.ts"
const laws = await findLaws()
const from = Number(process.argv[2]),
  count = Number(process.argv[3] ?? 1)
const isTraced = process.argv[4] === "trace"
const start = process.cpuUsage()
let jobs = 0,
  steps = 0
for (let seed = from; seed < from + count; seed++) {
  const c = process.cpuUsage()
  const r = simulate(seed, { laws, isTraced })
  jobs += r.jobs
  steps += r.steps
  const d = process.cpuUsage(c)
  if (isTraced) for (const l of r.trace) console.log(formatLine(l))
  if (count < 30 || r.broken.length > 0)
    console.log(
      seed,
      r.hash,
      `jobs ${r.jobs} events ${r.events} steps ${r.steps} sim ${Math.round(r.took_ms)} ms cpu ${Math.round(d.user / 1000)}`,
      [...r.plan.faults].join(","),
      r.broken.slice(0, 3),
    )
}
const used = process.cpuUsage(start)
console.log(`${jobs} jobs, ${steps} steps, ${(used.user + used.system) / 1e6} s CPU`)
