import { fault_kinds, findLaws, type Law, planOf, type Reduction, simulate } from "@waybill/simulation"
import { make } from "../Benchmark.ts"

const seeds = Array.from({ length: 10 }, (_, i) => i + 1)

/** How many jobs of a simulated world a second of one thread holds, and what its faults cost beside a world without any. */
export default make({
  name: "simulate",
  title: "Simulating clients, workers and settlements from seeds",
  unit: "jobs",
  input: () => findLaws(),
  amount: () => seeds.reduce((sum, seed) => sum + planOf(seed).jobs, 0),
  describe: () => `the seeds 1 to ${seeds.length}, on one thread`,
  subjects: (
    [
      ["with their faults", "subject", {}],
      ["without faults", "reference", { without: fault_kinds }],
    ] as const
  ).map(([name, role, reduction]: readonly [string, "subject" | "reference", Reduction]) => ({
    name,
    role,
    run: (laws: ReadonlyArray<Law>) => seeds.flatMap((seed) => simulate(seed, { laws, reduction }).broken),
  })),
  check: (broken) => {
    if (broken.length > 0) throw new Error(`${broken[0]?.law} is broken: ${broken[0]?.fault}`)
  },
})
