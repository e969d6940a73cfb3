export { findLaws } from "./findLaws.ts"
export type { Law } from "./Law.ts"
export { fault_kinds, type FaultKind, type Plan, planOf, type Reduction } from "./Plan.ts"
export { simulate, type Simulated, type SimulateOptions } from "./simulate.ts"
