/**
 * Observers that cannot get in the way of what they observe.
 *
 * @module
 */
import { Effect } from "effect"

/**
 * An observer that never throws. Its first fault is logged, with what it was told then; a promise that it answers with and that
 * rejects is a fault as well.
 *
 * @param whose what is observed, such as `settlement`
 * @param nameOf what the log calls an event
 */
export const guardedObserver = <Event>(
  observe: (event: Event) => void,
  whose: string,
  nameOf: (event: Event) => string,
): Effect.Effect<(event: Event) => void> =>
  Effect.map(Effect.context(), (context) => {
    let isReported = false
    const report = (event: Event) => (cause: unknown) => {
      if (isReported) return
      isReported = true
      Effect.runForkWith(context)(
        Effect.logError(
          `the observer of a ${whose} failed at ${nameOf(event)}; the ${whose} goes on, and further faults of this observer are not reported`,
          cause,
        ),
      )
    }
    return (event) => {
      try {
        const answer: unknown = observe(event)
        if (answer instanceof Promise) answer.catch(report(event))
      } catch (cause) {
        report(event)(cause)
      }
    }
  })
