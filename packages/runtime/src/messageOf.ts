/**
 * What was thrown, in words, whatever was thrown.
 *
 * @module
 */

/** For people who look for a cause. Never throws itself: a value that cannot be printed is told by its type. */
export const messageOf = (cause: unknown): string => {
  try {
    return cause instanceof Error ? String(cause.message) : String(cause)
  } catch {
    return `something was thrown that cannot be printed (${typeof cause})`
  }
}
