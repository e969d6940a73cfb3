/**
 * How one job behaves when it is asked one request at a time: the small model that a server is compared with
 * (JobSpec v0 §5, §10). No clock: leases are long, and end when they are given back.
 *
 * @module
 */
import type { SequentialModel } from "../../linearizability/index.ts"

/** A request as the model sees it: ids and tokens are known by now. */
export type JobInput =
  | { readonly kind: "submit"; readonly job_id: string | undefined }
  | { readonly kind: "read" | "cancel" | "claim"; readonly job_id: string }
  /** What a server may do for a worker that hung up while it claimed: give the lease back. Nobody asks for it or hears of it. */
  | { readonly kind: "give back" }
  | {
      readonly kind: "heartbeat" | "complete" | "fail" | "release"
      readonly job_id: string
      readonly claim_token: string
      readonly lease_epoch: number
    }

/** What the answer says, as far as it is the same for every server. */
export type JobOutput =
  | { readonly is: "submitted"; readonly job_id: string }
  | { readonly is: "read"; readonly status: string; readonly attempt: number; readonly lease_epoch: number }
  | { readonly is: "cancelled"; readonly outcome: string }
  | { readonly is: "claimed"; readonly claim_token: string; readonly lease_epoch: number; readonly attempt: number }
  /** A claim that came upon a job with no attempts left. */
  | { readonly is: "nothing" }
  | { readonly is: "ended"; readonly status: string }
  | { readonly is: "held" | "given back" }
  | { readonly is: "not found" }
  | { readonly is: "conflict" }
  | { readonly is: "other"; readonly status: number; readonly text: string }

export interface JobState {
  readonly job_id: string | undefined
  readonly status: "none" | "queued" | "running" | "retry_waiting" | "completed" | "failed" | "cancelled"
  readonly attempt: number
  readonly epoch: number
  /** The present holder's token; unknown when the answer to its claim was lost. */
  readonly token: string | undefined
}

const nobody: JobState = { job_id: undefined, status: "none", attempt: 0, epoch: 0, token: undefined }

const isOver = ({ status }: JobState): boolean =>
  status === "completed" || status === "failed" || status === "cancelled"

/** The way that a request goes: the answer that is right, and what it may lead to. */
interface Way {
  readonly output: JobOutput
  readonly states: ReadonlyArray<JobState>
  /** Another answer that is as right: nothing is promised of which it is. */
  readonly also?: JobOutput
}

/** Marks what only the server can know: any token, or any id that it made. */
export const any = "\u0000any"

const submitted = (state: JobState, job_id: string | undefined): Way => {
  if (state.status !== "none") return { output: { is: "submitted", job_id: state.job_id ?? any }, states: [state] }
  return { output: { is: "submitted", job_id: job_id ?? any }, states: [{ ...state, status: "queued", job_id }] }
}

const cancelled = (state: JobState): Way => {
  if (isOver(state))
    return { output: { is: "cancelled", outcome: `already_terminal_${state.status}` }, states: [state] }
  return {
    output: { is: "cancelled", outcome: "cancelled" },
    states: [{ ...state, status: "cancelled", token: undefined }],
  }
}

const claimed = (state: JobState, attempts_max: number): Way => {
  if (isOver(state) || state.status === "running") return { output: { is: "conflict" }, states: [state] }
  if (state.attempt >= attempts_max)
    return { output: { is: "nothing" }, states: [{ ...state, status: "failed", token: undefined }] }
  const [epoch, attempt] = [state.epoch + 1, state.attempt + 1]
  return {
    output: { is: "claimed", claim_token: any, lease_epoch: epoch, attempt },
    states: [{ ...state, status: "running", attempt, epoch, token: undefined }],
  }
}

/** A job that was given back waits; one whose attempts are used up may also have failed at once (JobSpec v0 §10.6 fails it at a claim). */
const givenBack = (state: JobState, attempts_max: number): ReadonlyArray<JobState> =>
  (["retry_waiting", ...(state.attempt >= attempts_max ? (["failed"] as const) : [])] as const).map((status) => ({
    ...state,
    status,
    token: undefined,
  }))

/** A request with a hold. A token that nobody was told matches only the holder whose answer was lost, which is none here. */
const byHolder = (
  state: JobState,
  input: Extract<JobInput, { readonly claim_token: string }>,
  attempts_max: number,
): Way => {
  const { kind } = input
  const isHeld = state.status === "running" && state.token === input.claim_token && state.epoch === input.lease_epoch
  const refused: Way = { output: { is: "conflict" }, states: [state] }
  if (kind === "heartbeat") return isHeld ? { output: { is: "held" }, states: [state] } : refused
  if (kind === "release") {
    const output = { is: "given back" } as const
    // There is nothing to give back: done already, or a hold that is worth nothing.
    if (state.status !== "running") return { output, states: [state], also: { is: "conflict" } }
    return isHeld ? { output, states: givenBack(state, attempts_max) } : refused
  }
  if (isOver(state)) return { output: { is: "ended", status: state.status }, states: [state] }
  if (!isHeld) return refused
  const status = kind === "complete" ? "completed" : "failed"
  return { output: { is: "ended", status }, states: [{ ...state, status, token: undefined }] }
}

/** What is answered in a state, and what comes of it. */
export const wayOf = (state: JobState, input: JobInput, attempts_max: number): Way => {
  if (input.kind === "give back") {
    const isOrphan = state.status === "running" && state.token === undefined
    return { output: { is: "given back" }, states: isOrphan ? givenBack(state, attempts_max) : [state] }
  }
  if (input.kind === "submit") return submitted(state, input.job_id)
  // A job is also not there for whoever asks by an id that it does not have.
  if (state.status === "none" || (state.job_id !== undefined && state.job_id !== input.job_id))
    return { output: { is: "not found" }, states: [state] }
  switch (input.kind) {
    case "read": {
      const { attempt, epoch, status } = state
      return { output: { is: "read", status, attempt, lease_epoch: epoch }, states: [state] }
    }
    case "cancel":
      return cancelled(state)
    case "claim":
      return claimed(state, attempts_max)
    case "heartbeat":
    case "complete":
    case "fail":
    case "release":
      return byHolder(state, input, attempts_max)
  }
}

/** Whether an answer is the one that is right, where it may say anything that only the server can know. */
const agrees = (right: JobOutput, output: JobOutput): boolean => {
  const [a, b] = [Object.entries(right), new Map(Object.entries(output))]
  return a.length === b.size && a.every(([name, value]) => value === any || b.get(name) === value)
}

/** What the answer says of what only the server can know. */
const learned = (state: JobState, output: JobOutput): JobState => {
  if (output.is === "submitted") return { ...state, job_id: output.job_id }
  if (output.is === "claimed") return { ...state, token: output.claim_token }
  return state
}

/** One job with so many attempts. */
export const jobModel = (attempts_max: number): SequentialModel<JobState, JobInput, JobOutput> => ({
  initial: nobody,
  next: (state, input, output) => {
    const { also, output: right, states } = wayOf(state, input, attempts_max)
    if (output === undefined) return states
    return agrees(right, output) || (also !== undefined && agrees(also, output))
      ? states.map((reached) => learned(reached, output))
      : []
  },
  keyOf: ({ attempt, epoch, job_id, status, token }) => `${status} ${attempt} ${epoch} ${token ?? ""} ${job_id ?? ""}`,
})
