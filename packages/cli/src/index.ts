/**
 * The program as a value, for tests and for programs that call it without a process; and what `settle` does, as a function
 * that can be watched.
 *
 * @module
 */
export { waybill } from "./app.ts"
export { commandLine, type Place, placeOf } from "./Place.ts"
export type { SettleWords } from "./settling/Declare.ts"
export { type Settled, settleHere, type Settlement, type Surroundings } from "./settling/settle.ts"
export { settleWords } from "./settling/settleWords.ts"
export { formatBytes, type Look, oneLine, stepLine, timeline, wrap } from "./settling/Timeline.ts"
