import type { FileError } from "@waybill/host"
import { Effect } from "effect"

const isOdd = ({ code }: FileError): boolean => code === "EISDIR" || code === "ENOTDIR" || code === "ELOOP"

/** As if there were nothing, where a folder stands in a file's place, a file in a folder's, or a link in either's. */
export const unlessOdd = <A, R>(run: Effect.Effect<A, FileError, R>): Effect.Effect<A | undefined, FileError, R> =>
  Effect.catchIf(run, isOdd, () => Effect.succeed(undefined))
