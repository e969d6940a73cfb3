/**
 * What the file system forbids, or has no place for: no waiting changes it, so it is told apart from a disk that fails. And a disk
 * that is full, where nobody else has said so.
 *
 * @module
 */
import { CommandError } from "@waybill/command"
import { explainErrno } from "@waybill/host"
import { dirname } from "node:path"

const forbidding: ReadonlySet<unknown> = new Set(["EACCES", "EPERM", "EROFS"])
/** The path leads to no place for a file. */
const misleading: ReadonlySet<unknown> = new Set(["ENOTDIR", "EEXIST", "EISDIR", "ELOOP", "ENAMETOOLONG"])
const filling: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"])

interface FileFault {
  readonly code: string
  readonly path: string
  readonly message: string
  /** A folder could not be made. */
  readonly isMaking: boolean
}

/** An error of Node or of the host's files that names a file; one of a connection names none. */
const asFileFault = (value: Error): FileFault | undefined => {
  const { code, operation, path, syscall } = value as Error & Readonly<Record<string, unknown>>
  if (typeof code !== "string" || typeof path !== "string" || syscall === "connect") return undefined
  const message = typeof syscall === "string" ? `${syscall} ${path}: ${explainErrno(code)}` : value.message
  return { code, path, message, isMaking: operation === "make" || syscall === "mkdir" }
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

const isPlain = (thrown: Error): boolean => !("_tag" in thrown) || thrown._tag === "FileError"

const forbidden = (thrown: Error, { code, message, path }: FileFault): CommandError =>
  new CommandError({
    exit: "PRECONDITION",
    code: "NOT_PERMITTED",
    message: `${isPlain(thrown) ? message : thrown.message}.`,
    fix_required:
      code === "EROFS"
        ? `${path} lies on a file system that is read-only: mount it for writing, or name a place elsewhere.`
        : `Give this user the right to read and write in ${dirname(path)}, or name another place.`,
    cause: thrown,
  })

const misled = (thrown: Error, { message }: FileFault): CommandError =>
  new CommandError({
    exit: "PRECONDITION",
    code: "PATH_UNUSABLE",
    message: `${isPlain(thrown) ? message : thrown.message}.`,
    fix_required: "Move what is in the way, or name another place: nothing can be made there as it is.",
    cause: thrown,
  })

const full = (thrown: Error, { message }: FileFault): CommandError =>
  new CommandError({
    exit: "UNAVAILABLE",
    code: "STORE_FULL",
    message: `${message}.`,
    suggestion: "See what takes space with: waybill du; make room, and make the same call again",
    cause: thrown,
  })

/**
 * A refusal of the file system in words that say what to do; `undefined` for everything else, and for what a part of this program
 * has its own words for.
 */
export const notPermitted = (thrown: unknown): CommandError | undefined => {
  const fault = CommandError.is(thrown) ? undefined : faultIn(thrown)
  if (fault === undefined || !(thrown instanceof Error)) return undefined
  if (forbidding.has(fault.code)) return forbidden(thrown, fault)
  const isOpening = isPlain(thrown) || ("_tag" in thrown && thrown._tag === "StoreUnavailable")
  if (isOpening && (misleading.has(fault.code) || (fault.isMaking && fault.code === "ENOENT")))
    return misled(thrown, fault)
  return isPlain(thrown) && filling.has(fault.code) ? full(thrown, fault) : undefined
}

/** Carries something out; what the file system forbids is told as such. */
export const unlessForbidden = async <A>(work: () => Promise<A>): Promise<A> => {
  try {
    return await work()
  } catch (thrown) {
    throw notPermitted(thrown) ?? thrown
  }
}
