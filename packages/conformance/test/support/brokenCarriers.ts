/** Carriers that are wrong on purpose, each in one way, and the law that speaks of it. */
import type { Patch } from "./patches.ts"

export interface BrokenCarrier extends Patch {
  readonly name: string
  readonly law: string
  /** Which of our own carriers it is a change of. */
  readonly carrier: string
}

const inFile =
  (carrier: string, file: string) =>
  (name: string, law: string, find: string, replace: string): BrokenCarrier => ({
    name,
    law,
    carrier,
    file: `carriers/${file}`,
    find,
    replace,
  })

const job = inFile("workspace_job", "workspace-job/src/Job.ts")
const recording = inFile("workspace_job", "workspace-job/src/Recording.ts")
const values = inFile("workspace_job", "workspace-job/src/Values.ts")
const view = inFile("workspace_job", "workspace-job/src/JobView.ts")
const leases = inFile("jobspec.queue", "jobspec/src/leases.ts")
const submission = inFile("jobspec.queue", "jobspec/src/submission.ts")
const queueJob = inFile("jobspec.queue", "jobspec/src/QueueJob.ts")
const events = inFile("jobspec.queue", "jobspec/src/Events.ts")
const scheduling = inFile("jobspec.scheduling", "jobspec/src/Scheduling.ts")

export const brokenCarriers: ReadonlyArray<BrokenCarrier> = [
  events(
    "reads with a schema that is stricter than the one it writes with",
    "CARRIER-01",
    "const AnyPayload = Schema.Record(Schema.String, Schema.Unknown)",
    "const AnyPayload = Schema.Struct({ job_type: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(1))) })",
  ),
  values(
    "takes lengths that are no JSON",
    "CARRIER-02",
    "export const Bytes = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))",
    "export const Bytes = Schema.Number",
  ),
  events(
    "throws at a type that a newer version writes",
    "CARRIER-03",
    "const reader = readerFor(event.event_type)\n    if",
    "const reader = readersByType.get(event.event_type)\n    if",
  ),
  leases(
    "looks at the clock for the end of a lease",
    "CARRIER-04",
    "return formatTime(now_ms + lease_ms)",
    "return formatTime(Date.now() + lease_ms)",
  ),
  recording(
    "records steps that its fold does not take",
    "CARRIER-05",
    'const reason = isEarly ? "nothing was read back that could be finalized" : objection(job, fact)',
    'const reason = isEarly ? "nothing was read back that could be finalized" : undefined',
  ),
  submission(
    "does not look for the job of a submission that was sent twice",
    "CARRIER-06",
    "if (findSubmitted(queue, command) !== undefined) return Result.succeed([])",
    "",
  ),
  scheduling(
    "creates a schedule that exists",
    "CARRIER-06",
    "if (exists(view, name)) return Result.fail(new ScheduleExists({ name }))",
    "",
  ),
  recording(
    "does not ask who holds a key",
    "CARRIER-07",
    "if (holder !== undefined)\n    return Result.fail(new KeyTaken",
    "if (holder?.job_id === runId)\n    return Result.fail(new KeyTaken",
  ),
  recording(
    "takes for granted that the attempt's job is there",
    "CARRIER-08",
    'const job = view.get(runId)\n  if (job === undefined) return stale(runId, "there is no such job")',
    "const job = view.get(runId) as Job",
  ),
  leases(
    "never lets a claim through",
    "CARRIER-09",
    "return isExhausted(job) ? Result.succeed([retryCap(job)]) : hold(job, command)",
    "return isExhausted(job) ? nothing : nothing",
  ),
  job(
    "takes for granted that a request comes first",
    "PROJECTION-04",
    "if (job === undefined || attempt === undefined) {",
    "if (job !== undefined && attempt === undefined) {",
  ),
  queueJob(
    "dates a job by the time of the fold",
    "PROJECTION-05",
    "job.updated_at = fact.occurred_at",
    "job.updated_at = new Date().toISOString()",
  ),
  job(
    "changes an attempt in place",
    "PROJECTION-06",
    "const withTerminal = (attempt: Attempt, terminal: Terminal, change: Change): Attempt => {\n  const after = change(attempt)",
    "const withTerminal = (attempt: Attempt, terminal: Terminal, change: Change): Attempt => {\n  const after = attempt as Mutable<Attempt>",
  ),
  queueJob(
    "changes every job in place",
    "PROJECTION-06",
    "first(fact) : isOwn ? before : copyOf(before)",
    "first(fact) : before",
  ),
  job(
    "remembers beside its entities which attempts have ended",
    "PROJECTION-07",
    `  after.terminal = terminal
  return after
}

/** The attempt after one more of its facts. */
const onStep = (attempt: Attempt, fact: StepFact, report: Report, change: Change): Attempt => {
  if (attempt.terminal !== undefined) {`,
    `  after.terminal = terminal
  ended.add(after)
  return after
}

const ended = new WeakSet<Attempt>()

/** The attempt after one more of its facts. */
const onStep = (attempt: Attempt, fact: StepFact, report: Report, change: Change): Attempt => {
  if (attempt.terminal !== undefined && ended.has(attempt)) {`,
  ),
  job(
    "keeps what its schema does not know as it is",
    "PROJECTION-08",
    "return { runId: fact.payload.runId, current: next, earlier: [] }",
    "return { runId: fact.payload.runId, current: next, earlier: new Set() as never }",
  ),
  queueJob(
    "gives a job the targets of whichever job was last",
    "PROJECTION-09",
    "job.last_event_id = fact.event_id",
    "job.last_event_id = (evolveWith as { last?: string }).last ?? fact.event_id\n    ;(evolveWith as { last?: string }).last = fact.event_id",
  ),
  queueJob(
    "lets the last end stand",
    "PROJECTION-10",
    "if (before !== undefined && isTerminal(before.status)) {",
    "if (before !== undefined && isTerminal(before.status) && !terminal_types.has(fact.event_type)) {",
  ),
  queueJob(
    "reckons from now where a job waits",
    "PROJECTION-11",
    'const from = job.status === "running" ? leaseEnd_ms(job) : Number.NEGATIVE_INFINITY',
    'const from = job.status === "running" ? leaseEnd_ms(job) : Date.now()',
  ),
  job(
    "takes the verdict's word for which artifact it is about",
    "SETTLEMENT-01",
    "if (finalized?.eventId !== fact.payload.terminalFinalizedEventId)",
    "if (finalized === undefined)",
  ),
  job(
    "lets a second end take the place of the first",
    "SETTLEMENT-02",
    "if (attempt.terminal !== undefined) {",
    'if (attempt.terminal !== undefined && fact.event_type !== "workspace_job.verified" && fact.event_type !== "workspace_job.failed") {',
  ),
  job(
    "lets an attempt be repaired that was not rejected",
    "SETTLEMENT-03",
    'if (current.terminal?.kind !== "verifier_rejected") return broken("the attempt to repair was not rejected")',
    "",
  ),
  job(
    "does not compare what was written with what was read back",
    "SETTLEMENT-04",
    "if (attempt.artifactWritten !== undefined && attempt.isWrittenAsRead !== true)",
    "if (attempt.artifactWritten === undefined && attempt.isWrittenAsRead === true)",
  ),
  view(
    "offers a rejected artifact for delivery",
    "SETTLEMENT-01",
    'job.status === "verified"\n    ?',
    'job.status === "verified" || job.status === "verifier_rejected"\n    ?',
  ),
]
