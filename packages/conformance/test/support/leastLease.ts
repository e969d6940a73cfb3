/** A server of ours that gives no lease shorter than a time of its own, as others may. */
import type { Patch } from "./patches.ts"

export const leastLease = (least_ms: number): Patch => ({
  file: "jobspec-server/src/routes/claiming.ts",
  find: "lease_ms: asked_ms,",
  replace: `lease_ms: Math.max(asked_ms, ${least_ms}),`,
})
