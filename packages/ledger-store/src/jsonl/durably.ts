/**
 * Lines are told to nobody before they are durable, whoever has written them.
 *
 * @module
 */
import type { Directory, FileError, OpenFile } from "@waybill/host"
import { Effect } from "effect"
import { sealedEnd } from "./Seals.ts"

/** Where a file that is open for reading cannot be flushed: it is on a disk that nobody writes to, or the system has no such thing. */
const unflushable: ReadonlySet<string> = new Set(["EROFS", "EINVAL", "EBADF", "EPERM", "EACCES", "ENOTSUP"])

/** Whether rows tell that the file which begins at this position is durable up to an offset. They are written once it is. */
export const isSealedTo = (directory: Directory, first: number, end: number): Effect.Effect<boolean, FileError> =>
  Effect.map(sealedEnd(directory, first), (sealed) => sealed >= end)

/** Makes what others have written durable: they may have died before they did. It changes no byte. */
export const flushOthers = (file: OpenFile): Effect.Effect<void, FileError> =>
  Effect.catchIf(
    file.flush,
    ({ code }) => unflushable.has(code),
    () => Effect.void,
  )
