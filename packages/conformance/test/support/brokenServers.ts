/** Servers that are wrong on purpose, each in one way, and the law that speaks of it. */
import { type BrokenServer, inFile } from "./BrokenServer.ts"
import { brokenForm } from "./brokenForm.ts"
import { brokenReads } from "./brokenReads.ts"
import { brokenQueues } from "./brokenQueues.ts"

export { patchesOf } from "./BrokenServer.ts"

const submission = inFile("carriers/jobspec/src/submission.ts")
const leases = inFile("carriers/jobspec/src/leases.ts")
const answers = inFile("carriers/jobspec/src/Answers.ts")
const queueJob = inFile("carriers/jobspec/src/QueueJob.ts")
const replay = inFile("carriers/jobspec/src/Replay.ts")
const events = inFile("jobspec-server/src/routes/events.ts")
const submitting = inFile("jobspec-server/src/routes/submitting.ts")
const working = inFile("jobspec-server/src/routes/workRoute.ts")
const claiming = inFile("jobspec-server/src/routes/claiming.ts")
const authorizing = inFile("jobspec-server/src/authorize.ts")
const answering = inFile("jobspec-server/src/answering.ts")

export const brokenServers: ReadonlyArray<BrokenServer> = [
  ...brokenForm,
  ...brokenReads,
  ...brokenQueues,
  submission(
    "makes ids from a count that several requests share",
    "JOBSPEC-217",
    "if (queue.get(id) === undefined) return id",
    "return generatedJobId(jobType, Math.ceil(n / 4))",
  ),
  submission(
    "keeps no payload of more than 64 KiB",
    "JOBSPEC-224",
    "job_payload: owned.success as JsonObject,",
    "job_payload: JSON.stringify(owned.success).length > 65_536 ? {} : (owned.success as JsonObject),",
  ),
  submission(
    "leaves out what is null in a payload",
    "JOBSPEC-224",
    "job_payload: owned.success as JsonObject,",
    "job_payload: Object.fromEntries(Object.entries(owned.success as JsonObject).filter(([, value]) => value !== null)),",
  ),
  submission(
    "does not look for the id of a retry",
    "JOBSPEC-204",
    "[byKey, byId].filter(isThere)",
    "[byKey].filter(isThere)",
  ),
  submission(
    "does not look for the key of a retry",
    "JOBSPEC-205",
    "[byKey, byId].filter(isThere)",
    "[byId].filter(isThere)",
  ),
  submission(
    "looks for a retry's job among open jobs only",
    "JOBSPEC-206",
    "(job.created_at !== undefined || isTerminal(job.status))",
    "!isTerminal(job.status)",
  ),
  submission(
    "trims keys when it looks for them",
    "JOBSPEC-213",
    'const { idempotency_key: key = "" } = submit\n',
    'const key = (submit.idempotency_key ?? "").trim()\n',
  ),
  submission(
    "compares an id before it trims it",
    "JOBSPEC-215",
    "const id = sentJobId(submit)",
    'const id = submit.job_id ?? ""',
  ),
  submission(
    "takes request ids with white space",
    "JOBSPEC-212",
    "if (badRequest !== undefined) return",
    'if (badRequest !== undefined && badRequest.because === "blank") return',
  ),
  submission(
    "counts characters of a key, not bytes",
    "JOBSPEC-213",
    "const got_bytes = utf8Bytes(idempotency_key)",
    "const got_bytes = idempotency_key.length",
  ),
  submission(
    "checks the payload after it has looked for the job",
    "JOBSPEC-211",
    "if (detail !== undefined) return",
    'if (detail !== undefined && sentJobId(submit) === "") return',
  ),
  submission(
    "lets consumers trigger every type",
    "JOBSPEC-406",
    "if (trigger !== undefined && !types.isTriggerable(job_type))",
    "if (trigger !== undefined && !types.has(job_type))",
  ),
  submission(
    "tells an unknown type by another text",
    "JOBSPEC-209",
    "return new InvalidJobType({ job_type })",
    "return new InvalidJobType({ job_type: job_type.toUpperCase() })",
  ),
  leases(
    "claims without a look at the lease",
    "QUEUE-04",
    "if (isHeld(job, command.now_ms)) return",
    "if (isHeld(job, command.now_ms + 1e12)) return",
  ),
  leases("completes without a look at the epoch", "QUEUE-05", "job.lease_epoch === lease_epoch", "lease_epoch > 0"),
  leases(
    "completes without a look at the token",
    "QUEUE-05",
    "job.claim_token === token_sha256 &&",
    "job.claim_token !== undefined &&",
  ),
  leases(
    "takes a heartbeat after the lease has ended",
    "QUEUE-07",
    "leaseEnd_ms(job) > now_ms ? undefined",
    "leaseEnd_ms(job) > 0 ? undefined",
  ),
  leases("begins again with epoch 1", "QUEUE-03", "lease_epoch: Math.max(0, job.lease_epoch) + 1", "lease_epoch: 1"),
  leases("forgets earlier attempts", "QUEUE-08", "attempt: Math.max(0, job.attempt) + 1", "attempt: 1"),
  leases("tries a job for ever", "QUEUE-09", "job.attempt >= job.max_attempts", "job.attempt > 1_000_000"),
  leases("refuses a completion that is sent twice", "QUEUE-10", "if (isTerminal(job.status)) return ended(job)\n", ""),
  leases(
    "cancels what has ended",
    "QUEUE-13",
    "if (isTerminal(job.status)) return nothing\n  const refusal",
    "const refusal",
  ),
  leases(
    "keeps a hold that was given back",
    "QUEUE-18",
    "return recorded(jobFacts.lease_expired.make(job_id, { claim_token, lease_epoch }))\n    }",
    "return nothing\n    }",
  ),
  leases(
    "takes any failure code",
    "QUEUE-11",
    "if (!codes.includes(named)) return",
    'if (!codes.includes(named) && named === "") return',
  ),
  leases(
    "hands out the newest first",
    "QUEUE-15",
    "head.job.first_position < first.job.first_position",
    "head.job.first_position > first.job.first_position",
  ),
  leases(
    "drops what a completed job made",
    "QUEUE-10",
    'result_status: "succeeded",\n          ...made(command),',
    'result_status: "succeeded",',
  ),
  leases(
    "loses a cancellation's reason",
    "JOBSPEC-301",
    'reason: said === "" ? "cancelled" : said',
    'reason: "cancelled"',
  ),
  leases(
    "lets the lease end where it would have ended without the heartbeat",
    "QUEUE-14",
    "lease_expires_at: leaseEnd(command.now_ms, command.lease_ms),\n          ...made",
    "lease_expires_at: leaseEnd(command.now_ms),\n          ...made",
  ),
  answers(
    "echoes the retry's request id",
    "JOBSPEC-204",
    "request_id: job.request_id,\n  job_id: job.job_id,\n  status:",
    "request_id: submit.request_id?.trim() ?? job.request_id,\n  job_id: job.job_id,\n  status:",
  ),
  answers(
    "tells every caller that it was the one who cancelled",
    "QUEUE-02",
    'facts.length > 0 ? "cancelled"',
    'job.status === "cancelled" ? "cancelled"',
  ),
  replay(
    "hides corrupt records from readiness",
    "HONESTY-05",
    "corrupt_record_count === 0 && damage.length === 0",
    "damage.length === 0",
  ),
  events(
    "reads from the beginning for an unknown cursor",
    "JOBSPEC-107",
    "const after = cursor === undefined ? 0 : yield* find(cursor)\n        if",
    "const after = cursor === undefined ? 0 : ((yield* find(cursor)) ?? 0)\n        if",
  ),
  events(
    "tells the cursor's own event again",
    "JOBSPEC-106",
    "app.ledger.read({ after, ...small_pages",
    "app.ledger.read({ after: Math.max(0, after - 1), ...small_pages",
  ),
  events(
    "takes a limit that is none for no limit",
    "JOBSPEC-108",
    "Effect.succeed(limit.success) : Effect.fail(badLimit)",
    "Effect.succeed(limit.success) : Effect.succeed(undefined)",
  ),
  submitting(
    "writes before it fails as if it had not",
    "JOBSPEC-219",
    'if (failpoint === "before_append") yield* refuseBefore(app, app.jobspec.queue, submit)\n',
    'if (failpoint === "before_append") {\n      yield* appended(app, call, submit, actor)\n      return yield* refuseFailpoint(failpoint)\n    }\n',
  ),
  submitting(
    "lets consumers trigger on a damaged ledger",
    "HONESTY-05",
    "if (isReady(replay)) return replay\n",
    "if (isReady(replay) || replay.corrupt_record_count > 0) return replay\n",
  ),
  submitting(
    "forgets who asked",
    "JOBSPEC-202",
    "{ actor: mutationActor(actor, call.caller.name) }",
    '{ actor: "daemon" }',
  ),
  working(
    "shows the token that holds a job to everybody",
    "QUEUE-20",
    'createHash("sha256").update(token).digest("hex")',
    "token",
  ),
  claiming(
    "goes away instead of waiting for a job",
    "QUEUE-17",
    "if (at_ms >= until_ms || feed.isClosed()) return undefined",
    "if (at_ms >= 0 || feed.isClosed()) return undefined",
  ),
  authorizing(
    "takes any token",
    "JOBSPEC-017",
    "findCredential(credentials, presentedToken(headers))",
    "findCredential(credentials, presentedToken(headers)) ?? credentials[0]",
  ),
  authorizing(
    "lets pages of other sites submit",
    "JOBSPEC-019",
    'if (origin !== "" && !origins.includes(origin))',
    'if (origin === "null" && !origins.includes(origin))',
  ),
  answering(
    "answers HEAD like GET",
    "JOBSPEC-005",
    'method === "GET" || method === "POST" || method === "DELETE" ? operations[method]',
    'method === "GET" || method === "HEAD" ? operations.GET : method === "POST" || method === "DELETE" ? operations[method]',
  ),
  queueJob(
    "does not count a cancelled job as one that has ended",
    "JOBSPEC-302",
    'status === "completed" || status === "failed" || status === "cancelled"',
    'status === "completed" || status === "failed"',
  ),
  inFile("jobspec-server/src/body.ts")(
    "takes bodies of any size",
    "JOBSPEC-016",
    "body_bytes_max = 1_048_576",
    "body_bytes_max = 2_097_152",
  ),
  inFile("jobspec-server/src/fields.ts")(
    "converts what has the wrong type",
    "JOBSPEC-013",
    'if (!is[kind](value)) return refuse(400, "invalid json")\n',
    "if (!is[kind](value)) continue\n",
  ),
  inFile("carriers/jobspec/src/Scheduling.ts")(
    "makes a schedule twice",
    "JOBSPEC-222",
    "if (exists(view, name)) return",
    'if (exists(view, name) && name === "") return',
  ),
  inFile("carriers/jobspec/src/Consumer.ts")(
    "leaves dreams out of the runs",
    "JOBSPEC-404",
    'family === "rpi" || family === "dream"',
    'family === "rpi"',
  ),
  inFile("ledger-store/src/jsonl/recording.ts")(
    "acknowledges before it writes",
    "LEDGER-05",
    "file.write(packed.bytes, end)",
    'Effect.asVoid(Effect.forkDetach(Effect.delay(file.write(packed.bytes, end), "40 millis")))',
  ),
  working(
    "ties a hold to its own process",
    "LEDGER-04",
    'createHash("sha256").update(token)',
    'createHash("sha256").update(token + process.pid)',
  ),
  submission(
    "counts ids anew in each process",
    "LEDGER-03",
    "const start = queue.position + 1\n  for (let n = start; n < start + taken_ids_max; n++) {\n    const id = generatedJobId(jobType, n)\n    if (queue.get(id) === undefined) return id\n  }",
    "const count = globalThis as { made?: number }\n  count.made = (count.made ?? 0) + 1\n  if (taken_ids_max > 0) return generatedJobId(jobType, count.made)",
  ),
  {
    ...inFile("ledger-store/src/jsonl/mend.ts")(
      "glues the next record onto a torn one",
      "LEDGER-06",
      "if (bytes <= end) return false",
      "if (bytes >= end) return false",
    ),
    also: {
      file: "ledger-store/src/jsonl/recording.ts",
      find: "file.write(packed.bytes, end)",
      replace: "Effect.flatMap(file.info, (info) => file.write(packed.bytes, info.bytes))",
    },
  },
  inFile("carriers/jobspec/src/QueueJobState.ts")(
    "counts attempts from its own table",
    "PROJECTION-01",
    "attempt: job.attempt,",
    'attempt: job.status === "cancelled" ? 1 : job.attempt,',
  ),
  inFile("carriers/jobspec/src/JobProjection.ts")(
    "folds a cancellation as a failure",
    "PROJECTION-02",
    '"job.cancelled": { status: "cancelled", result_status: "cancelled" }',
    '"job.cancelled": { status: "failed", result_status: "failed" }',
  ),
  inFile("carriers/jobspec/src/QueueJobState.ts")(
    "shows a job whose lease has ended as running",
    "QUEUE-08",
    'isLapsed(job, now_ms) ? "retry_waiting" : job.status',
    'isLapsed(job, now_ms) && job.attempt > 99 ? "retry_waiting" : job.status',
  ),
  inFile("carriers/jobspec/src/QueueJobState.ts")(
    "leaves out jobs that have ended",
    "JOBSPEC-113",
    '(job) => typeShown(job) !== "",',
    '(job) => typeShown(job) !== "" && job.status !== "cancelled",',
  ),
  answers(
    "answers a submission with another job's event",
    "JOBSPEC-201",
    'status: statusAt(job, now_ms),\n  ...unlessEmpty("last_event_id", job.last_event_id),\n  projection_status',
    'status: statusAt(job, now_ms),\n  ...unlessEmpty("last_event_id", state.projection_lag.last_event_id + "0"),\n  projection_status',
  ),
]
