/**
 * What the system refuses, as the port's own error.
 *
 * @module
 */
import { Effect, Exit } from "effect"
import { immediate } from "./atOnce.ts"
import { FileError, type FileOperation } from "./Files.ts"

export const codeOf = (cause: unknown): string => {
  const code = (cause as { readonly code?: unknown } | null)?.code
  return typeof code === "string" ? code : "EUNKNOWN"
}

export const attempt = <A>(
  operation: FileOperation,
  path: string,
  run: () => Promise<A>,
): Effect.Effect<A, FileError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) =>
      cause instanceof FileError ? cause : new FileError({ operation, path, code: codeOf(cause), cause }),
  })

/** For what takes less time than handing it to another thread; `shown` names what it is done to. */
export const attemptNow = <A>(
  operation: FileOperation,
  shown: () => string,
  run: () => A,
): Effect.Effect<A, FileError> =>
  immediate(() => {
    try {
      return Exit.succeed(run())
    } catch (cause) {
      return Exit.fail(
        cause instanceof FileError ? cause : new FileError({ operation, path: shown(), code: codeOf(cause), cause }),
      )
    }
  })

/** Answers `fallback` where the system answers `code`. */
export const unless = <A, B, R>(code: string, fallback: B, run: Effect.Effect<A, FileError, R>) =>
  Effect.catch(run, (error): Effect.Effect<A | B, FileError> =>
    error.code === code ? Effect.succeed(fallback) : Effect.fail(error),
  )

export const refuse = (operation: FileOperation, path: string, code: string) => new FileError({ operation, path, code })
