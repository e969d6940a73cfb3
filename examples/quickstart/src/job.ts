/** The job of the quickstart: a bill of materials of a lock file, by an agent that is careless at first. */
import { commandVerifier, type JobDeclaration } from "@waybill/runtime"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { fileURLToPath } from "node:url"

const program = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const node = [process.execPath, "--conditions=@waybill/source"] as const

/** The run id is derived from the lock file: a changed lock file is a new job. */
export const runIdOf = (lock: Uint8Array): string =>
  `bom-${createHash("sha256").update(lock).digest("hex").slice(0, 16)}`

const agentTime_ms = 60_000

/** Declares the job for the lock file whose bytes are `lock`; `lockPath` is a copy that does not change. */
export const declareJob = (lockPath: string, lock: Uint8Array, cwd: string) =>
  Effect.gen(function* () {
    const runId = runIdOf(lock)
    const command = [...node, program("./agent.ts")] as const
    const verifier = yield* commandVerifier({
      name: "verify-bom",
      command: [...node, program("./verify.ts"), lockPath],
      cwd,
    })
    const job: JobDeclaration = {
      runId,
      idempotencyKey: runId,
      requestedBy: "quickstart",
      terminalSchemaId: "cyclonedx-1.6+json",
      inputRef: "package-lock.json",
      inputHash: `sha256:${createHash("sha256").update(lock).digest("hex")}`,
      seeds: [{ path: "input/package-lock.json", content: lock }],
      candidatePath: "bom.cdx.json",
      submit: () => ({ command, timeLimit_ms: agentTime_ms }),
      verifier,
      verifierDeadline_ms: 60_000,
      recovery: {
        maxAttempts: 2,
        submit: ({ previous }) => ({
          command,
          timeLimit_ms: agentTime_ms,
          input: {
            previous: {
              reason: previous.reason,
              checks: previous.checks.map(({ message, name, status }) => ({
                name,
                status,
                ...(message === undefined ? {} : { message }),
              })),
            },
          },
        }),
      },
    }
    return job
  })
