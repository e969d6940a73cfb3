/**
 * What a wrapper is told. Apart from what it loads itself, which is little, so that it starts fast.
 *
 * @module
 */
import { pathSegments } from "@waybill/workspace-job"
import { join } from "node:path"
import type { SubmitRequest } from "./Agent.ts"
import { default_grace_ms } from "./patience.ts"
import type { Launch } from "./runFolder.ts"

const default_output_bytes = 4 * 1024 * 1024

/** The launch of a request that can be run. */
export const launchOf = (request: SubmitRequest, folder: string, submitRunId: string, withdrawal: string): Launch => {
  const { attempt, candidatePath, key, runId, spec, workspace } = request
  return {
    folder,
    key,
    submitRunId,
    withdrawal,
    runId,
    attempt,
    workspace,
    candidate: join(workspace, ...pathSegments(candidatePath)),
    command: spec.command,
    env: spec.env ?? {},
    timeLimit_ms: spec.timeLimit_ms,
    grace_ms: spec.grace_ms ?? default_grace_ms,
    outputBytes_max: spec.outputBytes_max ?? default_output_bytes,
    exitReasons: spec.exitReasons ?? {},
    input: spec.input ?? null,
  }
}
