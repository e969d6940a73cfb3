import type { Effect } from "effect"

/** The key that every Effect has; asked by name, so that a tool without Effects never loads them. */
const effect_key = "~effect/Effect"

export const isEffect = (value: unknown): value is Effect.Effect<unknown, unknown> =>
  typeof value === "object" && value !== null && effect_key in value

/**
 * Runs an Effect to its end; the signal interrupts it, and with it whatever it waits for. Rejects with its error, or with
 * the signal's reason.
 */
export const runEffect = async (effect: Effect.Effect<unknown, unknown>, signal: AbortSignal): Promise<unknown> => {
  const [{ runPromiseExit }, Cause, Exit] = await Promise.all([
    import("effect/Effect"),
    import("effect/Cause"),
    import("effect/Exit"),
  ])
  const exit = await runPromiseExit(effect, { signal })
  if (Exit.isSuccess(exit)) return exit.value
  if (Cause.hasInterruptsOnly(exit.cause) && signal.aborted) throw signal.reason
  throw Cause.squash(exit.cause)
}
