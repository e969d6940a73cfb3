/**
 * What the clients of a random program ask for, before anybody knows the ids: a step names a job by its place.
 *
 * @module
 */
import type { Verb } from "../workers.ts"

/** How a job is asked for again. By key alone the server makes the id; a job's steps do it all one way. */
export type Naming = "id" | "key" | "both"

export type Action =
  | { readonly kind: "submit" }
  | { readonly kind: "cancel" }
  | { readonly kind: "read" }
  | { readonly kind: "claim" }
  /** With the hold that was given so many claims ago: 0 is the last one. */
  | { readonly kind: Exclude<Verb, "claim">; readonly back: number }

export interface Step {
  /** Which of the program's jobs. */
  readonly slot: number
  readonly action: Action
  /** Whether it is sent together with the step before it, instead of after its answer. */
  readonly isTogether: boolean
  /** The client hangs up after so many milliseconds, without having heard; then nobody knows what came of it. */
  readonly hangUp_ms?: number
}

export interface Program {
  readonly slots: ReadonlyArray<{
    readonly naming: Naming
    /** Whether it is submitted before anything else is done; most of what can be asked is about jobs that are there. */
    readonly isThere: boolean
  }>
  readonly steps: ReadonlyArray<Step>
}
