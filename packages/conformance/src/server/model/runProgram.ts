/**
 * Runs a random program against a server and records what happened.
 *
 * @module
 */
import { Violation } from "../../Law.ts"
import type { Operation } from "../../linearizability/index.ts"
import { NoAnswer } from "../Client.ts"
import type { Desk } from "../Desk.ts"
import { doc, list, number, text } from "../documents.ts"
import { type Answer, curlOf, redacted } from "../Exchange.ts"
import { type Hold, long_lease, tokenFor } from "../workers.ts"
import type { JobInput, JobOutput } from "./JobModel.ts"
import type { Program, Step } from "./Step.ts"

/** One request of a program: what the model sees, and the command that repeats it. */
export interface Recorded extends Operation<JobInput, JobOutput> {
  readonly slot: number
  readonly command: string
  readonly outcome: string
  /** What its answer lacks, where it cannot be read: what the server meant by it is then anybody's guess. */
  readonly unreadable?: Violation
}

/** One of the program's jobs, as its clients know it by now. */
interface Slot {
  readonly names: Readonly<Record<string, string>>
  job_id: string | undefined
  readonly holds: Array<Hold>
}

interface Request {
  readonly method: "GET" | "POST"
  readonly path: string
  readonly body?: object
  readonly input: JobInput
  readonly read: (answer: Answer) => JobOutput
}

const jobIn = (answer: Answer) => doc(doc(answer.json)["job"], "job")

/** What most answers say in the same way. */
const reading =
  (ok: number, of: (answer: Answer) => JobOutput) =>
  (answer: Answer): JobOutput => {
    if (answer.status === ok) return of(answer)
    if (answer.status === 404) return { is: "not found" }
    if (answer.status === 409) return { is: "conflict" }
    return { is: "other", status: answer.status, text: answer.text.slice(0, 200) }
  }

const readJob = (job: ReturnType<typeof doc>): JobOutput => ({
  is: "read",
  status: text(job, "status"),
  attempt: number(job, "attempt"),
  lease_epoch: typeof job["lease_epoch"] === "number" ? job["lease_epoch"] : 0,
})

const requestFor = (desk: Desk, byWorkerRoutes: boolean, slot: Slot, { action }: Step): Request | undefined => {
  const { job_id, names } = slot
  if (action.kind === "submit")
    return {
      method: "POST",
      path: "/v1/jobs",
      body: { job_type: "eval.suite", ...names },
      input: { kind: "submit", job_id: names["job_id"] },
      read: reading(202, (answer) => ({ is: "submitted", job_id: text(doc(answer.json), "job_id") })),
    }
  // Its id is the server's to make, and nobody was told it yet.
  if (job_id === undefined) return undefined
  const at = `/waybill/v1/jobs/${encodeURIComponent(job_id)}`
  switch (action.kind) {
    case "cancel":
      return {
        method: "POST",
        path: "/v1/jobs/cancel",
        body: { job_id },
        input: { kind: "cancel", job_id },
        read: reading(202, (answer) => ({ is: "cancelled", outcome: text(doc(answer.json), "outcome") })),
      }
    case "read":
      if (byWorkerRoutes)
        return {
          method: "GET",
          path: at,
          input: { kind: "read", job_id },
          read: reading(200, (answer) => readJob(jobIn(answer))),
        }
      return {
        method: "GET",
        path: "/v1/status",
        input: { kind: "read", job_id },
        read: reading(200, (answer) => {
          const found = list(doc(doc(answer.json)["queue"], "queue"), "jobs").find((job) => job["job_id"] === job_id)
          return found === undefined ? { is: "not found" } : readJob(found)
        }),
      }
    case "claim":
      return {
        method: "POST",
        path: `${at}/claim`,
        body: { lease: long_lease, claim_token: tokenFor(desk) },
        input: { kind: "claim", job_id },
        read: (answer) => {
          if (answer.status === 204) return { is: "nothing" }
          return reading(200, () => {
            const { attempt, claim_token, lease_epoch } = doc(answer.json)
            const hold = { claim_token: String(claim_token), lease_epoch: Number(lease_epoch) }
            slot.holds.push(hold)
            return { is: "claimed", ...hold, attempt: Number(attempt) }
          })(answer)
        },
      }
    case "heartbeat":
    case "complete":
    case "fail":
    case "release": {
      const hold = slot.holds.at(-1 - action.back) ?? { claim_token: "nobody's", lease_epoch: 1 }
      const { kind } = action
      return {
        method: "POST",
        path: `${at}/${kind}`,
        body: hold,
        input: { kind, job_id, ...hold },
        read: reading(200, (answer) =>
          kind === "heartbeat"
            ? { is: "held" }
            : kind === "release"
              ? { is: "given back" }
              : { is: "ended", status: text(jobIn(answer), "status") },
        ),
      }
    }
  }
}

/** What an answer says, or why it cannot be read. */
const readable = ({ read }: Request, answer: Answer): JobOutput | Violation => {
  try {
    return read(answer)
  } catch (cause) {
    if (cause instanceof Violation) return cause
    throw cause
  }
}

/**
 * Runs a program with jobs of its own. Rejects when a request that nobody hung up on gets no answer.
 *
 * @param works whether the routes for workers are used; without them jobs are read in `/v1/status`
 */
export const runProgram = async (desk: Desk, program: Program, works: boolean): Promise<ReadonlyArray<Recorded>> => {
  const recorded: Array<Recorded> = []
  let now = 0
  const slots = program.slots.map(({ naming }): Slot => {
    const job_id = naming === "key" ? undefined : desk.fresh()
    const names = {
      ...(job_id === undefined ? {} : { job_id }),
      ...(naming === "id" ? {} : { idempotency_key: desk.fresh("key") }),
    }
    return { names, job_id, holds: [] }
  })

  const send = async (number: number, slot: Slot, step: Step, isJoined: boolean): Promise<void> => {
    const request = requestFor(desk, works, slot, step)
    if (request === undefined) return
    const { body, input, method, path } = request
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const headers = method === "GET" ? {} : { Authorization: `Bearer ${desk.target.token ?? ""}` }
    const commandOf = (hungUp: { readonly hung_up_ms?: number }): string =>
      `${curlOf({ method, path, headers, ...sent, ...hungUp }, desk.target.token)}${isJoined ? " & # together with the next one" : ""}`
    const gone = new AbortController()
    const timer = step.hangUp_ms === undefined ? undefined : setTimeout(() => gone.abort(), step.hangUp_ms)
    const called = ++now
    try {
      const answer = await desk.ask(path, { method, ...sent, signal: gone.signal })
      const at = ++now
      const output = readable(request, answer)
      const outcome = redacted(`${answer.status} ${answer.text.trimEnd().slice(0, 300)}`, desk.target.token)
      const said = { slot: number, input, called, command: commandOf({}), outcome }
      if (output instanceof Violation) return void recorded.push({ ...said, unreadable: output })
      if (output.is === "submitted") slot.job_id ??= output.job_id
      recorded.push({ ...said, answer: { at, output } })
    } catch (cause) {
      if (!(cause instanceof NoAnswer) || !gone.signal.aborted) throw cause
      const command = commandOf({ hung_up_ms: step.hangUp_ms ?? 0 })
      recorded.push({ slot: number, input, called, command, outcome: "the client hung up before it heard" })
      if (input.kind === "claim") {
        const nobodysDoing = { command: "", outcome: "", input: { kind: "give back" } } as const
        recorded.push({ slot: number, called, ...nobodysDoing })
      }
    } finally {
      clearTimeout(timer)
    }
  }

  let together: Array<Step> = []
  const flush = async (): Promise<void> => {
    const steps = together
    together = []
    await Promise.all(
      steps.map(async (step, i) => {
        const slot = slots[step.slot]
        if (slot !== undefined) await send(step.slot, slot, step, i < steps.length - 1)
      }),
    )
  }
  const used = new Set(program.steps.map(({ slot }) => slot))
  const onEach = (kind: "submit" | "read", slot: number): Step => ({ slot, action: { kind }, isTogether: false })
  for (const slot of used) {
    if (program.slots[slot]?.isThere === true) together.push(onEach("submit", slot))
    await flush()
  }
  for (const step of program.steps) {
    if (!step.isTogether) await flush()
    together.push(step)
  }
  await flush()
  // What was acknowledged is there in the end.
  for (const slot of used) {
    together.push(onEach("read", slot))
    await flush()
  }
  return recorded.toSorted((a, b) => a.called - b.called)
}
