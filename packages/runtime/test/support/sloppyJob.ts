/**
 * The job that all crashes happen to: two seeds, a sloppy first attempt that is rejected, and a repair that is verified.
 */
import { Effect, Stream } from "effect"
import { createHash } from "node:crypto"
import type { JobDeclaration } from "../../src/index.ts"
import type { Machine, Runner } from "./Machine.ts"

export const good = "final!"
export const leave = (attempt: number): string => (attempt === 1 ? "draft!" : good)
const spec = { command: ["agent"], timeLimit_ms: 1000 } as const
const text = new TextEncoder()

export const sloppyJob = ({ judged, variant }: Machine, { point }: Runner): JobDeclaration => ({
  runId: "run-1",
  idempotencyKey: "key-1",
  requestedBy: "a test",
  terminalSchemaId: "text/v1",
  seeds: [
    { path: "seed.txt", content: text.encode("!") },
    { path: "folder/seed.txt", content: text.encode("a longer seed") },
  ],
  candidatePath: "out.txt",
  submit: () => Effect.as(point("submit spec"), spec),
  build: ({ candidate }) => Effect.as(point("builder"), { source: candidate.stream, runId: "run-1" }),
  verifier: {
    name: "is-final",
    verify: ({ artifact }) =>
      Effect.gen(function* () {
        yield* point("verifier: is asked")
        const bytes = Buffer.concat(yield* Effect.orDie(Stream.runCollect(artifact.stream)))
        judged.push(`${artifact.sha256} ${createHash("sha256").update(bytes).digest("hex")}`)
        const status = bytes.toString() === good ? ("passed" as const) : ("failed" as const)
        const checks = [{ name: "final", status }]
        yield* point("verifier: has answered")
        return status === "passed" ? { ok: true, checks } : { ok: false, checks, reason: "not final" }
      }),
  },
  recovery: {
    maxAttempts: 3,
    shouldRepair: () => Effect.as(point("repair decision"), true),
    submit: () => Effect.as(point("repair spec"), spec),
  },
  ...variant.twist,
})
