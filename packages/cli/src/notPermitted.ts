/**
 * What the file system forbids: no waiting changes it, so it is told apart from a disk that fails.
 *
 * @module
 */
import { CommandError } from "@waybill/command"
import { dirname } from "node:path"

const forbidding: ReadonlySet<unknown> = new Set(["EACCES", "EPERM", "EROFS"])

interface FileFault {
  readonly code: string
  readonly path: string
  readonly message: string
}

/** An error of Node or of the host's files that names a file; one of a connection names none. */
const asFileFault = (value: Error): FileFault | undefined => {
  const { code, path } = value as Error & { readonly code?: unknown; readonly path?: unknown }
  if (typeof code !== "string" || typeof path !== "string") return undefined
  return "syscall" in value && value.syscall === "connect" ? undefined : { code, path, message: value.message }
}

const chain_max = 10

/** The file that was refused, wherever in what was thrown. */
const faultIn = (thrown: unknown): FileFault | undefined => {
  let one = thrown
  for (let depth = 0; one instanceof Error && depth < chain_max; depth++) {
    const fault = asFileFault(one)
    if (fault !== undefined) return fault
    one = one.cause
  }
  return undefined
}

/** A refusal of the file system in words that say what to do; `undefined` for everything else. */
export const notPermitted = (thrown: unknown): CommandError | undefined => {
  const fault = CommandError.is(thrown) ? undefined : faultIn(thrown)
  if (fault === undefined || !forbidding.has(fault.code)) return undefined
  const isReadOnly = fault.code === "EROFS"
  return new CommandError({
    exit: "PRECONDITION",
    code: "NOT_PERMITTED",
    message: `${thrown instanceof Error ? thrown.message : fault.message}.`,
    fix_required: isReadOnly
      ? `${fault.path} lies on a file system that is read-only: mount it for writing, or name a place elsewhere.`
      : `Give this user the right to read and write in ${dirname(fault.path)}, or name another place.`,
    cause: thrown,
  })
}

/** Carries something out; what the file system forbids is told as such. */
export const unlessForbidden = async <A>(work: () => Promise<A>): Promise<A> => {
  try {
    return await work()
  } catch (thrown) {
    throw notPermitted(thrown) ?? thrown
  }
}
