/**
 * A framework for command-line tools that keeps the command contract even when a handler does not.
 *
 * @module
 */
export {
  type Application,
  type ApplicationOptions,
  type CancelOutcome,
  type Command,
  type Handlers,
  type Isolation,
  type JobHooks,
  type JobState,
  type Jobs,
  type Preflight,
  type Problem,
  type Style,
  application,
  command,
  returnsEffect,
} from "./Application.ts"
export { type BatchReport, type BatchResult, batchReport } from "./Batch.ts"
export { check, violationsOf } from "./Check.ts"
export { CommandError, type CommandErrorOptions } from "./CommandError.ts"
export type { Context, Timeouts } from "./Context.ts"
export { type JobEnd, type JobReading, type JobRecord, type JobStore } from "./JobStore.ts"
export { openJobStore } from "./OpenJobStore.ts"
export { main } from "./Main.ts"
export { decodeCursor, encodeCursor } from "./Pages.ts"
export { type InvokeOptions, type Invoked, invoke } from "./Invoke.ts"
export { lineAbout, shellWord } from "./ShellWord.ts"
export { visible, visibleLines } from "./Visible.ts"
