/**
 * What of a ledger's bytes nobody has a use for any more.
 *
 * @module
 */
import { folderName } from "@waybill/data-plane"
import { Ledger, type RecordedEvent, type View } from "@waybill/ledger"
import { agentRunFolder } from "@waybill/runtime"
import { type Job, Jobs, jobStatus } from "@waybill/workspace-job"
import { Effect, Stream } from "effect"
import { join } from "node:path"

/** Something that may go: a folder of a run, or the sealed bytes of a digest. */
export interface Garbage {
  /** Absolute. */
  readonly path: string
  readonly why: string
  /** The run whose own it is; sealed bytes are nobody's own. */
  readonly runId?: string
}

/** Folders with one entry per run that are of no use once the run has ended. */
const per_run = ["workspaces", "staging", "artifacts"] as const

const hasEnded = (status: ReturnType<typeof jobStatus>): boolean =>
  status.status === "verified" ||
  status.status === "failed" ||
  (status.status === "verifier_rejected" && status.attemptsLeft === 0)

const digest_pattern = /sha256:([\da-f]{64})/gu

/** Every digest that a fact names, wherever in it. */
const digestsIn = ({ payload }: RecordedEvent): ReadonlyArray<string> =>
  [...JSON.stringify(payload).matchAll(digest_pattern)].map(([, digest = ""]) => digest)

const digestsOf = ({ current, earlier }: Job): ReadonlyArray<string> =>
  [...earlier, current].flatMap(({ artifactReadbackVerified: read }) =>
    read === undefined ? [] : [read.payload.sha256.slice("sha256:".length)],
  )

/** Whether the fold says all there is to say of a run: nobody may draw from a history with gaps what its bytes are. */
const isWhole = (view: View<Job>, runId: string): boolean =>
  view.get(runId) !== undefined && view.anomalies(runId).length === 0

/** What agents and verifiers printed may go as well, of runs that ended before a time. */
export interface OldLogs {
  /** Host path of the folder that has them. */
  readonly folder: string
  readonly before_ms: number
}

/** Where what was printed in the attempts of a run is kept. */
const logsOf = (runId: string, { current, earlier }: Job, folder: string): ReadonlyArray<Garbage> => [
  ...[...earlier, current].map(({ request }) => ({
    path: join(folder, "agent-runs", agentRunFolder(request.idempotencyKey)),
    why: "what an agent printed",
    runId,
  })),
  { path: join(folder, "verifier-runs", folderName(runId)), why: "what verifiers printed", runId },
  { path: join(folder, "runners", folderName(runId)), why: "what a detached settlement said", runId },
]

/**
 * What may go as the ledger stands now. A digest that any fact names of a run which is open, verified, or not wholly understood
 * is none of it; and where damage was acknowledged, no sealed bytes are, since nobody knows what the lost records named.
 * `deliverables` gives up those that are verified or not understood.
 */
export const garbageIn = (data: string, deliverables: boolean, logs?: OldLogs) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const { corrupt, damage = [] } = yield* ledger.health
    const hasGaps = corrupt.length > 0 || damage.length > 0
    const named = new Map<string, Set<string>>()
    const last_ms = new Map<string, number>()
    yield* Stream.runForEach(
      Stream.filter(ledger.read(), ({ event_type }) => event_type.startsWith("workspace_job.")),
      (event) =>
        Effect.sync(() => {
          if (logs !== undefined) last_ms.set(event.job_id, Date.parse(event.occurred_at))
          for (const digest of digestsIn(event))
            named.set(event.job_id, (named.get(event.job_id) ?? new Set()).add(digest))
        }),
    )
    return yield* ledger.query(Jobs, (view): ReadonlyArray<Garbage> => {
      const found: Array<Garbage> = []
      const kept = new Set<string>()
      const rejected = new Set<string>()
      const verified = new Set<string>()
      for (const [runId, digests] of named)
        if (!isWhole(view, runId) && !deliverables) for (const digest of digests) kept.add(digest)
      for (const [runId, job] of view.entries()) {
        const status = jobStatus(view, runId)
        if (!hasEnded(status)) {
          for (const digest of [...digestsOf(job), ...(named.get(runId) ?? [])]) kept.add(digest)
          continue
        }
        for (const digest of digestsOf(job)) rejected.add(digest)
        if (status.status === "verified") verified.add(status.terminalArtifact.sha256.slice("sha256:".length))
        // A time that cannot be read is no time before.
        if (logs !== undefined && (last_ms.get(runId) ?? Number.NaN) <= logs.before_ms)
          found.push(...logsOf(runId, job, logs.folder))
        for (const name of per_run)
          found.push({ path: join(data, name, folderName(runId)), why: `${name} of an ended run`, runId })
      }
      for (const digest of new Set([...rejected, ...verified])) {
        if (kept.has(digest) || ((hasGaps || verified.has(digest)) && !deliverables)) continue
        const path = join(data, "sealed", "sha256", digest.slice(0, 2), digest.slice(2, 4), digest)
        found.push({ path, why: verified.has(digest) ? "verified bytes" : "rejected bytes" })
      }
      return found
    })
  })
