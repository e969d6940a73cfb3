/**
 * The least that still fails: a seed's faults are taken away one after the other, then its jobs, for as long as the same law
 * stays broken.
 *
 * @module
 */
import type { Law } from "./Law.ts"
import { type FaultKind, planOf, type Reduction } from "./Plan.ts"
import { simulate, type Simulated } from "./simulate.ts"

const breaks = ({ broken }: Simulated, law: string): boolean => broken.some((each) => each.law === law)

/** What can be taken from the seed so that it still breaks the law. */
export const reduce = (seed: number, law: string, laws: ReadonlyArray<Law>): Reduction => {
  const fails = (reduction: Reduction): boolean => breaks(simulate(seed, { laws, reduction }), law)
  let without: ReadonlyArray<FaultKind> = []
  for (const kind of planOf(seed).faults) {
    const less: ReadonlyArray<FaultKind> = [...without, kind]
    if (fails({ without: less })) without = less
  }
  const { jobs } = planOf(seed)
  for (let fewer = 1; fewer < jobs; fewer++) if (fails({ without, jobs: fewer })) return { without, jobs: fewer }
  return { without }
}

/** How the seed is replayed as it was reduced. */
export const replayOf = (seed: number, { jobs, without = [] }: Reduction): string =>
  [
    `npm run simulate -- --seed ${seed}`,
    ...(without.length > 0 ? [`--without ${without.join(",")}`] : []),
    ...(jobs === undefined ? [] : [`--jobs ${jobs}`]),
  ].join(" ")
