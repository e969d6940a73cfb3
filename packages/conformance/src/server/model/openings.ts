/**
 * What every search begins with: programs that known mistakes fall to, so that nobody has to be lucky to draw them.
 *
 * @module
 */
import type { Action, Naming, Program, Step } from "./Step.ts"
import type { Searched } from "./search.ts"

const submit: Action = { kind: "submit" }
const claim: Action = { kind: "claim" }
const cancel: Action = { kind: "cancel" }

const then = (slot: number, action: Action, more: { readonly hangUp_ms?: number } = {}): Step => ({
  slot,
  action,
  isTogether: false,
  ...more,
})
const together = (slot: number, action: Action): Step => ({ slot, action, isTogether: true })

const on = (naming: Naming, isThere: boolean, ...steps: ReadonlyArray<Step>): Program => ({
  slots: [0, 1, 2].map(() => ({ naming, isThere })),
  steps,
})

/** Several jobs whose ids the server makes, at the same moment. */
const strangers = on("key", false, then(0, submit), together(1, submit), together(2, submit))

/** One job that several clients ask for at the same moment. */
const oneOf = (naming: Naming): Program => on(naming, false, then(0, submit), together(0, submit), together(0, submit))

/** A client that hung up before it heard asks again, while another one asks too. */
const againOf = (naming: Naming): Program =>
  on(naming, false, then(0, submit, { hangUp_ms: 1 }), then(0, submit), together(0, submit))

const race = on("id", true, then(0, claim), together(0, claim), together(0, claim))

/** A worker that is late: the job was given back and claimed by another one. */
const late = (kind: "heartbeat" | "complete" | "fail" | "release"): Program =>
  on("id", true, then(0, claim), then(0, { kind: "release", back: 0 }), then(0, claim), then(0, { kind, back: 1 }))

const ended = on(
  "id",
  true,
  then(0, claim),
  then(0, { kind: "complete", back: 0 }),
  together(0, { kind: "fail", back: 0 }),
)

const calledOff = on("id", true, then(0, cancel), together(0, cancel), then(0, submit))

/** Lists of programs that run beside each other. */
export const openings = ({ cancels, works }: Searched): ReadonlyArray<ReadonlyArray<Program>> => [
  [strangers, strangers, strangers],
  [oneOf("id"), oneOf("key"), oneOf("both"), againOf("id"), againOf("key"), againOf("both")],
  ...(cancels ? [[calledOff]] : []),
  ...(works ? [[race, ended, late("heartbeat"), late("complete"), late("fail"), late("release")]] : []),
]
