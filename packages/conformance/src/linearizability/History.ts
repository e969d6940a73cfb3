/**
 * What several clients asked for and were told, with the times between which each request can have had its effect.
 *
 * @module
 */

/** One request. Times are numbers of one clock, strictly increasing along the history. */
export interface Operation<Input, Output> {
  readonly input: Input
  readonly called: number
  /** What was answered, or `undefined` when nobody knows: the request may have had its effect, may have it later, or never. */
  readonly answer?: { readonly at: number; readonly output: Output }
}

export type History<Input, Output> = ReadonlyArray<Operation<Input, Output>>

/** How one thing behaves when it is asked one request at a time. Pure. */
export interface SequentialModel<State, Input, Output> {
  readonly initial: State
  /**
   * The states that a request can lead to, given what was answered; none when that answer is wrong in this state. With
   * `undefined` the answer is not known, and every state that the effect could lead to is given.
   */
  readonly next: (state: State, input: Input, output: Output | undefined) => ReadonlyArray<State>
  /** The same text for the same state. */
  readonly keyOf: (state: State) => string
}
