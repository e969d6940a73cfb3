export type { History, Operation, SequentialModel } from "./History.ts"
export { type Linearization, linearize, type LinearizeOptions, partition } from "./linearize.ts"
