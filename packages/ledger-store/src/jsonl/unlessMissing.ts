import type { FileError } from "@waybill/host"
import { Effect } from "effect"

/** Answers `undefined` where there is nothing of that name. */
export const unlessMissing = <A, R>(run: Effect.Effect<A, FileError, R>): Effect.Effect<A | undefined, FileError, R> =>
  Effect.catch(run, (error) => (error.code === "ENOENT" ? Effect.succeed(undefined) : Effect.fail(error)))
