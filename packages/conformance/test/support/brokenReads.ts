/** Servers that are wrong in what they tell of the ledger: to observers, to consumers, and of how they are. */
import { type BrokenServer, inFile } from "./BrokenServer.ts"

const reading = inFile("jobspec-server/src/routes/reading.ts")
const events = inFile("jobspec-server/src/routes/events.ts")
const consumer = inFile("carriers/jobspec/src/Consumer.ts")
const projections = inFile("carriers/jobspec/src/ProjectionSet.ts")

const status = `return yield* ledger.queryAll(projections, (views) =>
                ok(jobspec.status(views, { now_ms: now_ms(), replay: found, plans: stored.plans })),
              )`

export const brokenReads: ReadonlyArray<BrokenServer> = [
  events(
    "loses the last event of every page of a hundred or more",
    "JOBSPEC-114",
    "Stream.take(limit),",
    "Stream.take(limit >= 100 ? limit - 1 : limit),",
  ),
  events(
    "tells three events at most where there is a limit",
    "JOBSPEC-114",
    "Stream.take(limit),",
    "Stream.take(Math.min(limit, 3)),",
  ),
  inFile("carriers/jobspec/src/EventsQuery.ts")(
    "takes a limit as it is, however large",
    "JOBSPEC-114",
    "export const events_limit_max = 1000",
    "export const events_limit_max = 1_000_000",
  ),
  inFile("carriers/jobspec/src/Health.ts")(
    "does not say that it only reads",
    "JOBSPEC-101",
    "read_only: true,\n  now",
    "read_only: false,\n  now",
  ),
  inFile("carriers/jobspec/src/Replay.ts")(
    "has a word of its own for a whole replay",
    "JOBSPEC-102",
    'ledger_replay_status: isWhole ? "complete"',
    'ledger_replay_status: isWhole ? "done"',
  ),
  projections(
    "names another source of its projections",
    "JOBSPEC-103",
    "rebuilt_at: formatTime(now_ms),\n    source_ledger,",
    'rebuilt_at: formatTime(now_ms),\n    source_ledger: "ledger.jsonl",',
  ),
  inFile("carriers/jobspec/src/Manifests.ts")(
    "does not say how far its projections have come",
    "JOBSPEC-104",
    '...unlessEmpty("last_event_id", states.lastEventId),',
    "",
  ),
  events(
    "tells the ledger's last event only with all of them",
    "JOBSPEC-105",
    'field("last_event_id", lastEventId)\n        return listed',
    'field("last_event_id", limit === undefined || limit === 0 ? lastEventId : undefined)\n        return listed',
  ),
  inFile("carriers/jobspec/src/EventsQuery.ts")(
    "looks for a cursor with the white space around it",
    "JOBSPEC-109",
    'const since = parameters.since?.trim() ?? ""',
    'const since = parameters.since ?? ""',
  ),
  projections(
    "counts jobs as events",
    "JOBSPEC-110",
    "projection_lag: projectionLag(views.queue, reading.replay),",
    "projection_lag: { ...projectionLag(views.queue, reading.replay), event_count: views.queue.size },",
  ),
  reading(
    "records that somebody has read the plans",
    "JOBSPEC-111",
    "return yield* ledger.query(projections.states",
    'yield* ledger.transact(jobspec.queue, { kind: "submit", job_type: "plans.projection" }, { actor: "agentopsd" })\n              return yield* ledger.query(projections.states',
  ),
  events(
    "tells everything where a plan's cursor is unknown",
    "JOBSPEC-112",
    "(cursor === undefined ? 0 : yield* find(cursor)) ?? position",
    "(cursor === undefined ? 0 : yield* find(cursor)) ?? 0",
  ),
  reading(
    "tells a status that is a moment old",
    "JOBSPEC-203",
    status,
    `const kept = globalThis as { at_ms?: number; status?: ReturnType<typeof ok> }
              if (kept.status !== undefined && now_ms() - (kept.at_ms ?? 0) < 50) return kept.status
              kept.at_ms = now_ms()
              kept.status = yield* ledger.queryAll(projections, (views) =>
                ok(jobspec.status(views, { now_ms: now_ms(), replay: found, plans: stored.plans })),
              )
              return kept.status`,
  ),
  reading(
    "reads the queue before it reads the projections",
    "PROJECTION-03",
    status,
    `const look = ledger.queryAll(projections, (views) =>
                jobspec.status(views, { now_ms: now_ms(), replay: found, plans: stored.plans }),
              )
              const { queue } = yield* look
              yield* Effect.sleep(5)
              return ok({ ...(yield* look), queue })`,
  ),
  projections(
    "finds by another rule in its status whether it is ready",
    "HONESTY-01",
    "ready: isReady(reading.replay),",
    "ready: views.states.size > 0,",
  ),
  inFile("carriers/jobspec/src/submission.ts")(
    "breaks at a payload that is too deep for a line",
    "HONESTY-02",
    "if (Result.isFailure(owned)) {",
    'if (Result.isFailure(owned)) throw new RangeError("too deep")\n  if (Result.isFailure(owned)) {',
  ),
  inFile("jobspec-server/src/storedPlans.ts")(
    "leaves a file behind whenever it is read",
    "HONESTY-04",
    "const names = await readdir(folder)",
    'process.getBuiltinModule("node:fs").writeFileSync(join(root, ".agents/daemon", `read-${performance.now()}`), "")\n    const names = await readdir(folder)',
  ),
  inFile("carriers/jobspec/src/JobProjection.ts")(
    "counts runs without dreams",
    "JOBSPEC-401",
    'jobs.count(familyLane("rpi")) + jobs.count(familyLane("dream"))',
    'jobs.count(familyLane("rpi"))',
  ),
  consumer(
    "gives every snapshot the same id",
    "JOBSPEC-402",
    "snapshot_id: snapshotId(jobs.lastEventId),\n  generated_at: formatTime(now_ms),\n  source: source(jobs.lastEventId),\n  status: m",
    'snapshot_id: "snap_latest",\n  generated_at: formatTime(now_ms),\n  source: source(jobs.lastEventId),\n  status: m',
  ),
  consumer(
    "shows consumers that a cancelled job has failed",
    "JOBSPEC-403",
    '    status,\n    ...unlessEmpty("result_status", result_status),',
    '    status: status === "cancelled" ? "failed" : status,\n    ...unlessEmpty("result_status", result_status),',
  ),
  consumer(
    "does not say which event a resource comes from",
    "JOBSPEC-405",
    '{ rel: "source-event", kind: "daemon-ledger-event", event_id: job.last_event_id },',
    "",
  ),
  events(
    "shows in its projections what is not in the ledger yet",
    "PROJECTION-01",
    "Stream.takeWhile(({ position }) => position <= until)",
    "Stream.takeWhile(({ position }) => position < until)",
  ),
]
