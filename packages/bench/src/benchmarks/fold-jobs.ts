import { Fold } from "@waybill/ledger"
import { type Payload, Jobs, type Recorded, type WorkspaceJobFact } from "@waybill/workspace-job"
import { make } from "../Benchmark.ts"
import { castoreStreams, emmettStreams, type Evolve, type FoldStreams } from "../eventStorePeers.ts"
import type { Figures } from "../Goals.ts"
import { workspaceJobFacts } from "../workspaceJobs.ts"

const facts_count = 1_000_000

/** For how many facts the memory of the fold is taken. */
const memory_counts = [125_000, 250_000, 500_000, 1_000_000]

/** What a job came to, in the shape both subjects answer with. */
type Statuses = ReadonlyMap<string, string>

type Bytes = Payload<"terminal_finalized">["terminalArtifact"]

/** One attempt of the hand-written loop: changed in place. */
interface Attempt {
  readonly id: string
  readonly request: Payload<"requested">
  seeded: boolean
  started: boolean
  built: boolean
  readonly written: Array<Bytes>
  readback: Bytes | undefined
  isWrittenAsRead: boolean
  finalized: Recorded<"terminal_finalized"> | undefined
  end: WorkspaceJobFact | undefined
}

const sameBytes = (a: Bytes, b: Bytes): boolean =>
  a.sha256 === b.sha256 &&
  a.bytes === b.bytes &&
  a.path === b.path &&
  a.artifactRef === b.artifactRef &&
  a.schemaId === b.schemaId

const statusOf = (attempt: Attempt | undefined): string => {
  const end = attempt?.end
  return end === undefined ? "running" : end.event_type.slice("workspace_job.".length)
}

/** The rules of the projection in one loop over one Map, as somebody would write it who needs nothing else. */
const byHand = (facts: ReadonlyArray<WorkspaceJobFact>): Statuses => {
  const jobs = new Map<string, Array<Attempt>>()
  const keys = new Map<string, string>()
  const anomalies: Array<string> = []
  let position = 0
  for (const fact of facts) {
    if (fact.position <= position) continue
    position = fact.position
    const { payload } = fact
    if (payload.runId !== fact.job_id) {
      anomalies.push(fact.event_id)
      continue
    }
    const attempts = jobs.get(fact.job_id)
    if (fact.event_type === "workspace_job.requested") {
      const request = fact.payload
      if (keys.has(request.idempotencyKey)) {
        anomalies.push(fact.event_id)
        continue
      }
      keys.set(request.idempotencyKey, fact.event_id)
      const attempt: Attempt = {
        id: fact.event_id,
        request,
        seeded: false,
        started: false,
        built: false,
        written: [],
        readback: undefined,
        isWrittenAsRead: false,
        finalized: undefined,
        end: undefined,
      }
      const current = attempts?.at(-1)
      if (attempts === undefined || current === undefined) {
        if (request.attempt?.cause === "verifier_repair") anomalies.push(fact.event_id)
        else jobs.set(fact.job_id, [attempt])
        continue
      }
      const number = request.attempt
      const previous = current.request.attempt
      const continues =
        number?.cause === "verifier_repair"
          ? number.repairOfRequestedEventId === current.id &&
            current.end?.event_type === "workspace_job.verifier_rejected" &&
            number.index === (previous?.index ?? 1) + 1 &&
            number.maxAttempts === (previous?.maxAttempts ?? 1)
          : current.end === undefined
      if (continues) attempts.push(attempt)
      else anomalies.push(fact.event_id)
      continue
    }
    const { idempotencyKey, requestedEventId } = fact.payload
    const last = attempts?.at(-1)
    const attempt = last?.id === requestedEventId ? last : attempts?.find(({ id }) => id === requestedEventId)
    if (attempt === undefined || attempt.request.idempotencyKey !== idempotencyKey || attempt.end !== undefined) {
      anomalies.push(fact.event_id)
      continue
    }
    switch (fact.event_type) {
      case "workspace_job.seed_written":
        attempt.seeded = true
        break
      case "workspace_job.agent_started":
        attempt.started = true
        break
      case "workspace_job.terminal_build_attempted":
        attempt.built = true
        break
      case "workspace_job.artifact_written":
        attempt.written.push(fact.payload)
        break
      case "workspace_job.artifact_readback_verified":
        attempt.readback ??= fact.payload
        attempt.isWrittenAsRead = attempt.written.some((written) => sameBytes(written, fact.payload))
        break
      case "workspace_job.terminal_finalized":
        if (attempt.readback !== undefined && sameBytes(fact.payload.terminalArtifact, attempt.readback))
          attempt.finalized ??= fact
        else anomalies.push(fact.event_id)
        break
      case "workspace_job.verified":
      case "workspace_job.verifier_rejected": {
        const { finalized, isWrittenAsRead, readback, written } = attempt
        const joins =
          readback !== undefined &&
          finalized?.event_id === fact.payload.terminalFinalizedEventId &&
          (written.length === 0 || isWrittenAsRead) &&
          readback.schemaId === attempt.request.terminalSchemaId
        if (joins) attempt.end = fact
        else anomalies.push(fact.event_id)
        break
      }
      case "workspace_job.failed":
        attempt.end = fact
        break
    }
  }
  if (anomalies.length > 0) throw new Error("a proper history has no anomalies")
  const statuses = new Map<string, string>()
  for (const [runId, attempts] of jobs) statuses.set(runId, statusOf(attempts.at(-1)))
  return statuses
}

const byProjection = (facts: ReadonlyArray<WorkspaceJobFact>): Statuses => {
  const fold = new Fold(Jobs).applyAll(facts)
  const statuses = new Map<string, string>()
  for (const [runId, job] of fold.entries()) statuses.set(runId, job.current.terminal?.kind ?? "running")
  return statuses
}

interface PeerJob {
  readonly status: string
}

const ends = new Set(["verified", "verifier_rejected", "failed"])

/** The status alone, without the rules about what joins what. */
const evolvePeer: Evolve<PeerJob> = (job, { event_type }) => {
  const name = event_type.slice("workspace_job.".length)
  if (name === "requested") return { status: "running" }
  return { ...job, status: ends.has(name) ? name : (job?.status ?? "running") }
}

const byPeer = async (fold: FoldStreams<PeerJob> | undefined): Promise<Statuses> => {
  const statuses = new Map<string, string>()
  for (const [runId, { status }] of (await fold?.()) ?? []) statuses.set(runId, status)
  return statuses
}

const by_hand = "a loop over a Map, by hand"
const wall_status = ({ time }: Figures): string =>
  `the peers' reducers keep one status for a job, out of streams that lie ready by job: emmett in ${time("emmett")}, castore in ${time("castore")}. The loop by hand, which keeps what the projection keeps and finds each fact's job, takes ${time(by_hand)}.`

/** What the fold of `facts_count` facts keeps, in bytes, and of how many jobs; the facts themselves are let go. */
const memoryOf = (count: number, collectGarbage: () => void): { readonly jobs: number; readonly bytes: number } => {
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const fold = new Fold(Jobs).applyAll(workspaceJobFacts(count))
  collectGarbage()
  return { jobs: fold.size, bytes: process.memoryUsage().heapUsed - before }
}

export default make({
  name: "fold-jobs",
  title: "Folding workspace-job facts into the job projection",
  unit: "facts",
  input: async (_, { peers, scaled }) => {
    const facts = workspaceJobFacts(scaled(facts_count))
    const stores = peers.get("event-stores")
    return {
      facts,
      expected: byHand(facts),
      emmett: stores && (await emmettStreams(stores, facts, evolvePeer)),
      castore: stores && (await castoreStreams(stores, facts, evolvePeer)),
    }
  },
  amount: ({ facts }) => facts.length,
  describe: ({ expected, facts }) =>
    `${facts.length} decoded facts of ${expected.size} jobs, 64 under way at a time; the peers' reducers keep each job's status and none of the rules, over streams that they hold ready in memory`,
  subjects: [
    { name: "the Jobs projection", role: "subject", run: ({ facts }) => byProjection(facts) },
    { name: by_hand, role: "limit", run: ({ facts }) => byHand(facts) },
    { name: "emmett", role: "peer", needs: "event-stores", run: ({ emmett }) => byPeer(emmett) },
    { name: "castore", role: "peer", needs: "event-stores", run: ({ castore }) => byPeer(castore) },
  ],
  goals: [
    { subject: "the Jobs projection", beside: by_hand, speed_min: 0.7 },
    { subject: "the Jobs projection", beside: ["emmett", "castore"], speed_min: 1, wall: wall_status, besides: true },
    { curve: "memory of the Jobs projection", growth_max: 1.1, besides: true },
  ],
  curves: (_, { collectGarbage, progress, scaled }) => {
    const points = memory_counts.map((full) => {
      const count = scaled(full)
      progress(`memory of ${count} folded facts`)
      const { bytes, jobs } = memoryOf(count, collectGarbage)
      return { x: jobs, y: Math.round(bytes / jobs) }
    })
    return [{ name: "memory of the Jobs projection", x: "jobs", y: "bytes per job, measured once", points }]
  },
  check: (statuses, { expected }) => {
    if (statuses.size !== expected.size) throw new Error(`${statuses.size} jobs, want ${expected.size}`)
    for (const [runId, status] of expected)
      if (statuses.get(runId) !== status) throw new Error(`${runId} is ${statuses.get(runId)}, want ${status}`)
  },
})
