import { vocabularies } from "@waybill/jobspec"
import type { Vocabulary } from "@waybill/ledger"
import { WorkspaceJob } from "@waybill/workspace-job"

/** The vocabularies of a ledger in which runs are settled: of the jobs that they are, and of what happens in them. */
export const settlement_vocabularies: ReadonlyArray<Vocabulary.Reader> = [...vocabularies, WorkspaceJob]
