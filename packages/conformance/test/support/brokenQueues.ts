/** Servers that are wrong in how they take jobs in, hand them out and end them, and in what is left after a kill. */
import { type BrokenServer, inFile } from "./BrokenServer.ts"

const submission = inFile("carriers/jobspec/src/submission.ts")
const leases = inFile("carriers/jobspec/src/leases.ts")
const types = inFile("carriers/jobspec/src/JobTypes.ts")
const submitting = inFile("jobspec-server/src/routes/submitting.ts")
const cancelling = inFile("jobspec-server/src/routes/cancelling.ts")
const mending = inFile("ledger-store/src/jsonl/mend.ts")

export const brokenQueues: ReadonlyArray<BrokenServer> = [
  submission(
    "takes a request id for a key",
    "JOBSPEC-207",
    'const byId = id === "" ? undefined : queue.get(id)',
    'const isOf = (job: QueueJob) => submit.request_id !== undefined && job.request_id === submit.request_id\n  const byId = id === "" ? [...queue.entries()].map(([, job]) => job).find(isOf) : queue.get(id)',
  ),
  types("does not know the last of the types", "JOBSPEC-208", '  { name: "skill.invoke" },\n', ""),
  types(
    "does not look into payloads",
    "JOBSPEC-210",
    'typeof check === "function" ? check(payload) : refusePayload(check, payload)',
    'typeof check === "function" ? check(payload) : undefined',
  ),
  submission(
    "looks for a reserved id before it trims it",
    "JOBSPEC-214",
    "return reserved_job_ids.has(job_id)",
    'return reserved_job_ids.has(submit.job_id ?? "")',
  ),
  submitting(
    "records what it refuses",
    "JOBSPEC-216",
    "ledger.transact(jobspec.queue, submit, { actor: mutationActor(actor, call.caller.name) })",
    'Effect.tapError(ledger.transact(jobspec.queue, submit, { actor: mutationActor(actor, call.caller.name) }), () =>\n    ledger.transact(jobspec.queue, { kind: "submit", job_type: "eval.suite" }, { actor: "agentopsd" }),\n  )',
  ),
  submission(
    "looks for a retry's job in a copy that is a moment old",
    "JOBSPEC-218",
    "const found = [byKey, byId].filter(isThere)",
    'const found = [byKey, byId].filter(isThere).filter((job) => Date.now() - Date.parse(job.created_at ?? "") > 20)',
  ),
  submitting(
    "keeps a key locked whose client has hung up",
    "JOBSPEC-220",
    "return Effect.flatMap(record(app, call, submit, actors.http), (facts) => {",
    `const busy = ((globalThis as { busy?: Set<string> }).busy ??= new Set())
  const key = submit.idempotency_key ?? ""
  if (key !== "" && busy.has(key)) return Effect.fail(refuse(409, "a request with this key is under way"))
  busy.add(key)
  return Effect.flatMap(record(app, call, submit, actors.http), (facts) => {
    if (!call.isGone()) busy.delete(key)`,
  ),
  submission(
    "takes numbers for whole ones",
    "JOBSPEC-221",
    "job_payload: owned.success as JsonObject,",
    'job_payload: JSON.parse(JSON.stringify(owned.success, (_, value) => (typeof value === "number" ? Math.trunc(value) : value))) as JsonObject,',
  ),
  submission(
    "lets a key win over an id that was there first",
    "JOBSPEC-223",
    "found.toSorted((a, b) => a.first_position - b.first_position)[0]",
    "found[0]",
  ),
  cancelling(
    "trims the id of a cancellation",
    "JOBSPEC-303",
    'cancelled(app, call, { kind: "cancel", job_id, ...rest })',
    'cancelled(app, call, { kind: "cancel", job_id: job_id.trim(), ...rest })',
  ),
  cancelling(
    "cancels by the path whatever the body says",
    "JOBSPEC-304",
    'if (named !== "" && named !== job_id)',
    'if (named === "" && job_id === "")',
  ),
  submitting(
    "records what a consumer asks for under another name",
    "JOBSPEC-407",
    "record(app, call, submit, names.actor)",
    "record(app, call, submit, actors.http)",
  ),
  submission(
    "looks at a consumer's key before it looks at the type",
    "JOBSPEC-408",
    "if (trigger !== undefined && !types.isTriggerable(job_type))",
    "if (trigger !== undefined && utf8Bytes(idempotency_key) <= 256 && !types.isTriggerable(job_type))",
  ),
  leases(
    "lets a late worker give back what another one holds",
    "QUEUE-01",
    "const refusal = refuseHold(job, held, now_ms)\n      if (refusal !== undefined) return Result.fail(refusal)",
    "",
  ),
  leases(
    "takes an absent token for the one of a job that nobody holds",
    "QUEUE-06",
    "if (!holds(job, held)) return",
    "if (job.claim_token === undefined && held.lease_epoch === job.lease_epoch) return undefined\n  if (!holds(job, held)) return",
  ),
  leases(
    "ends a job again that has ended",
    "QUEUE-12",
    "if (isTerminal(job.status)) return ended(job)",
    "if (isTerminal(job.status)) return decide()",
  ),
  leases(
    "hands a job that is held to whoever asks for the next one",
    "QUEUE-16",
    "dueIn(queue, lanesFor(command), command.now_ms)",
    "dueIn(queue, lanesFor(command), command.now_ms + 1e12)",
  ),
  leases(
    "says of a job that is not there that it cannot be claimed",
    "QUEUE-19",
    "return job?.created_at === undefined ? Result.fail(new JobNotFound({ job_id }))",
    "return job?.created_at === undefined ? Result.fail(new AlreadyClaimed({ job_id, lease_expires_at: undefined }) as never)",
  ),
  submitting(
    "calls a job off whose client hung up before it heard",
    "QUEUE-01",
    "return Effect.flatMap(record(app, call, submit, actors.http), (facts) => {",
    `const recording = Effect.uninterruptible(
    Effect.gen(function* () {
      const recorded = yield* record(app, call, submit, actors.http)
      yield* Effect.sleep(12)
      const command = { kind: "cancel", job_id: recorded[0]?.job_id ?? "" } as const
      if (recorded.length > 0 && call.isGone())
        yield* app.ledger.transact(app.jobspec.queue, command, { actor: "agentopsd" })
      return recorded
    }),
  )
  return Effect.flatMap(recording, (facts) => {`,
  ),
  submission(
    "makes ids from the second of the clock",
    "QUEUE-21",
    "if (queue.get(id) === undefined) return id",
    "return generatedJobId(jobType, Math.floor(Date.now() / 1_000))",
  ),
  submission(
    "forgets when it is killed which keys it has seen",
    "LEDGER-01",
    'const holder = key === "" ? undefined : queue.holder("job.accepted", key)\n',
    'const known = key === "" ? undefined : queue.holder("job.accepted", key)\n  const isNew = Date.parse(queue.get(known?.job_id ?? "")?.created_at ?? "") >= performance.timeOrigin\n  const holder = isNew ? known : undefined\n',
  ),
  inFile("ledger-store/src/jsonl/recording.ts")(
    "acknowledges what memory holds",
    "LEDGER-02",
    "file.write(packed.bytes, end)",
    'Effect.asVoid(Effect.forkDetach(Effect.delay(file.write(packed.bytes, end), "150 millis")))',
  ),
  {
    ...mending(
      "glues the next record onto one that lacks the end of its line",
      "LEDGER-07",
      "if (isWhole) yield*",
      "if (isWhole) return false\n    if (isWhole) yield*",
    ),
    also: {
      file: "ledger-store/src/jsonl/recording.ts",
      find: "file.write(packed.bytes, end)",
      replace: "Effect.flatMap(file.info, (info) => file.write(packed.bytes, info.bytes))",
    },
  },
]
