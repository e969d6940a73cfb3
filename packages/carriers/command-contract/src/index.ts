/**
 * The command contract: what a command promises, what it answers, what it leaves running. Pure.
 *
 * This entry loads nothing but itself, so that a tool starts at once; the schemas are in
 * `@waybill/command-contract/wire`.
 *
 * @module
 */
export * from "./CanonicalJson.ts"
export * from "./CheckApplication.ts"
export * from "./CheckCommand.ts"
export * from "./Diagnostics.ts"
export * from "./Duration.ts"
export * from "./Envelope.ts"
export * from "./ExitCodes.ts"
export * from "./FrameworkError.ts"
export * from "./InjectedFlags.ts"
export * from "./JobDescriptor.ts"
export * from "./JsonSchema.ts"
export * from "./Manifest.ts"
export * from "./Patterns.ts"
export * from "./Registration.ts"
export * from "./Steps.ts"
export type {
  ArgumentError,
  CommandEntry,
  CommandSchema,
  DangerLevel,
  ErrorDetail,
  ExitCodeEntry,
  ExitCodeMap,
  FlagEntry,
  FlagType,
  JobDescriptor,
  Manifest,
  Meta,
  NetworkContext,
  Pagination,
  PatternType,
  SideEffects,
  StepReport,
} from "./Wire.ts"
