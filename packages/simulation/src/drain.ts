/**
 * Letting a world go on until one question has its answer.
 *
 * @module
 */
import { Cause, type Effect, Exit } from "effect"
import type { Loop } from "./Loop.ts"
import type { Process } from "./Process.ts"

const steps_max = 200_000

export const drain = <A, E>(loop: Loop, process: Process, effect: Effect.Effect<A, E>): Exit.Exit<A, E> => {
  let answer: Exit.Exit<A, E> | undefined
  process.run(effect, (exit) => {
    answer = exit
  })
  for (let steps = 0; answer === undefined; steps++)
    if (steps > steps_max || !loop.step()) return Exit.failCause(Cause.die(new Error(`${process.name} got no answer`)))
  return answer
}
