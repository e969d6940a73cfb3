export * from "./agent/Agent.ts"
export { type CommandAgentOptions, layerCommandAgent } from "./agent/commandAgent.ts"
export * from "./pipeline/Declaration.ts"
export * from "./pipeline/Errors.ts"
export { type FileHoldsOptions, type Holder, Holds, layerFileHolds } from "./pipeline/Holds.ts"
export type { Observer, SettlementEvent, Step } from "./pipeline/Observer.ts"
export { deliverJob, settleJob, type SettleOptions, statusOf } from "./pipeline/settle.ts"
export { settlement_vocabularies } from "./pipeline/vocabularies.ts"
export * from "./verifier/Verifier.ts"
export { allOf } from "./verifier/allOf.ts"
export { commandVerifier, type CommandVerifierOptions } from "./verifier/commandVerifier.ts"
export { type KeepOutput, type VerifierOutput, VerifierOutputs } from "./verifier/VerifierOutputs.ts"
export { jsonSchemaVerifier, type JsonSchemaVerifierOptions } from "./verifier/jsonSchemaVerifier.ts"
export { commandExecutor, type CommandExecutorOptions } from "./worker/commandExecutor.ts"
export * from "./worker/Executor.ts"
export { layerLedgerQueue, type LedgerQueueOptions } from "./worker/ledgerQueue.ts"
export type { ServerOptions } from "./worker/ServerCalls.ts"
export * from "./worker/ServerErrors.ts"
export { checkServer, layerServerQueue, makeServerQueue, type ServerQueueOptions } from "./worker/serverQueue.ts"
export {
  type QueuedDeclaration,
  settlementExecutor,
  type SettlementExecutorOptions,
  settlementOnly,
} from "./worker/settlementExecutor.ts"
export { runWorker, type WorkerOptions } from "./worker/Worker.ts"
export type { WorkerEvent, WorkerObserver } from "./worker/WorkerObserver.ts"
export * from "./worker/WorkQueue.ts"
