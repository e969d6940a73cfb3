import type { Law } from "../Law.ts"

const law: Law = {
  id: "SIM-12",
  statement: "Under the key of an attempt an agent is started once at most.",
  violation: "a runner that comes back after a crash does not find the run that it began, and begins another.",
  *check({ agents }) {
    for (const [key, { starts }] of agents) if (starts > 1) yield `the agent of ${key} was started ${starts} times`
  },
}
export default law
