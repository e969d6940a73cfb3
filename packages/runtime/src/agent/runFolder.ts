/**
 * The folder of one run: what lies in it, and the two ways to put a record there.
 *
 * Runner and wrapper share this file, because the protocol must be the same on both sides. It uses nothing but Node, so
 * that the wrapper starts fast.
 *
 * | file | written by | meaning |
 * |---|---|---|
 * | `lock.sqlite` | – | held: somebody who may write here is alive. The kernel drops it with its process |
 * | `started.json` | the holder of the lock, once, exclusively | the run has begun (or was given up before it did) |
 * | `agent.json` | the wrapper | who leads the agent's group |
 * | `input.json`, `stdout.log`, `stderr.log` | the wrapper | what the agent gets and says |
 * | `withdrawn.json` | the wrapper, when its runner is gone before the agent begins | the secret that shows so |
 * | `receipt.room` | the wrapper, before it begins | room on the disk for the receipt |
 * | `receipt.json` | the holder of the lock, once | the run has ended |
 * | `wrapper.log` | the wrapper | why a wrapper itself went wrong |
 *
 * @module
 */
import { createHash } from "node:crypto"
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import type { ProcessExit, ProcessIdentity } from "@waybill/host"
import { explainErrno } from "@waybill/host/errno"
import type { SubmitReason } from "@waybill/workspace-job"

export const recordNames = {
  lock: "lock.sqlite",
  started: "started.json",
  agent: "agent.json",
  input: "input.json",
  stdout: "stdout.log",
  stderr: "stderr.log",
  receipt: "receipt.json",
  room: "receipt.room",
  withdrawn: "withdrawn.json",
  wrapperLog: "wrapper.log",
} as const

/** The variable by which every process of a run is known, wherever it has gone. */
export const runMarker = "WAYBILL_SUBMIT_RUN_ID"

/** The variable by which a run's wrapper is known. The agent does not get it. */
export const wrapperMarker = "WAYBILL_WRAPPED_RUN_ID"

/**
 * What the runner tells the wrapper, over its standard input: it may hold secrets, and only `input`, and the
 * secret of a wrapper that withdraws, are written to the disk.
 */
export interface Launch {
  readonly folder: string
  readonly key: string
  readonly submitRunId: string
  /**
   * The secret that shows that the agent did not begin. Nobody tells the agent; it is in the memory of runner and wrapper, where
   * root, or a process of the same user that may trace them, can read it.
   */
  readonly withdrawal: string
  readonly runId: string
  readonly attempt: number
  readonly workspace: string
  /** Absolute host path. */
  readonly candidate: string
  readonly command: readonly [string, ...ReadonlyArray<string>]
  readonly env: Readonly<Record<string, string>>
  readonly timeLimit_ms: number
  readonly grace_ms: number
  readonly outputBytes_max: number
  readonly exitReasons: Readonly<Record<string, SubmitReason>>
  readonly input: unknown
}

export interface StartedRecord {
  readonly key: string
  readonly submitRunId: string
  readonly startedAt: string
  /** Absent when the run was given up before it began. */
  readonly wrapper?: ProcessIdentity
}

export interface AgentRecord {
  readonly leader: ProcessIdentity
}

export interface OutputRecord {
  readonly bytes: number
  readonly dropped_bytes: number
}

export interface ReceiptRecord {
  readonly key: string
  readonly submitRunId: string
  readonly ok: boolean
  /** Present exactly when `ok` is false. */
  readonly reason?: SubmitReason
  readonly exit?: ProcessExit
  readonly startedAt?: string
  readonly endedAt?: string
  readonly stdout?: OutputRecord
  readonly stderr?: OutputRecord
  readonly leftovers?: { readonly ended: number; readonly remaining: ReadonlyArray<number> }
  readonly note?: string
}

/**
 * A folder's name for a key: a readable beginning and the key's SHA-256. No two keys share a name, also where the file
 * system ignores case, and no key makes a name longer than 105 bytes.
 */
export const folderNameOf = (key: string): string => {
  const slug = key
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
  return `${slug}-${createHash("sha256").update(key, "utf8").digest("hex")}`
}

/** Makes the entries of a folder durable. */
export const flushFolder = (folder: string): void => {
  const descriptor = openSync(folder, "r")
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The errno name of what the system refused. */
export const codeOf = (cause: unknown): string | undefined =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined

const hasCode = (cause: unknown, code: string): boolean => codeOf(cause) === code

/** A refusal of the system that names the record; what it says itself about a write names no file. */
const refusedAt = (path: string, cause: unknown): Error => {
  const code = codeOf(cause) ?? "EUNKNOWN"
  return Object.assign(new Error(`${path} could not be written: ${explainErrno(code)}`, { cause }), { code })
}

/** Makes a file whole and durable, or not at all. */
const writeWhole = (path: string, text: string): void => {
  try {
    const descriptor = openSync(path, "wx", 0o600)
    try {
      writeFileSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    if (!hasCode(cause, "EEXIST")) rmSync(path, { force: true })
    throw refusedAt(path, cause)
  }
}

const temporary = /\.json\.\d+-\d+\.tmp$/u

const writeTemporary = (path: string, record: unknown): string => {
  const name = `${path}.${process.pid}-${process.hrtime.bigint()}.tmp`
  writeWhole(name, `${JSON.stringify(record)}\n`)
  return name
}

/** Removes the records that somebody was writing when he died. For the holder of the lock alone: nobody else writes. */
export const sweepFolder = (folder: string): void => {
  for (const name of readdirSync(folder)) if (temporary.test(name)) rmSync(join(folder, name), { force: true })
}

/** Puts a record in place, whole and durable, over whatever was there. */
export const publish = (folder: string, name: string, record: unknown): void => {
  const path = join(folder, name)
  renameSync(writeTemporary(path, record), path)
  flushFolder(folder)
}

/** More than a receipt takes, but for one that names very many processes or a very long program. */
const room_bytes = 16_384

/** Sets room aside for the receipt, so that a disk that fills up while the run is at work does not cost what came of it. */
export const reserveReceipt = (folder: string): void => {
  const path = join(folder, recordNames.room)
  rmSync(path, { force: true })
  writeWhole(path, " ".repeat(room_bytes))
}

/** The room that was set aside, if it still is what it was. */
const openRoom = (folder: string): number | undefined => {
  let descriptor: number | undefined
  try {
    const flags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK
    descriptor = openSync(join(folder, recordNames.room), flags)
    const stat = fstatSync(descriptor)
    if (stat.isFile() && stat.nlink === 1 && stat.size === room_bytes) return descriptor
  } catch {
    // An agent may have taken it away; then there is room on the disk, or there is not.
  }
  if (descriptor !== undefined) closeSync(descriptor)
  return undefined
}

/** Puts the receipt in place, whole and durable, over whatever was there; in the room that was set aside for it, if it fits. */
export const publishReceipt = (folder: string, receipt: ReceiptRecord): void => {
  const bytes = Buffer.from(JSON.stringify(receipt).padEnd(room_bytes - 1) + "\n")
  const room = bytes.length === room_bytes ? openRoom(folder) : undefined
  if (room === undefined) return publish(folder, recordNames.receipt, receipt)
  const path = join(folder, recordNames.room)
  try {
    try {
      writeFileSync(room, bytes)
      fsyncSync(room)
    } finally {
      closeSync(room)
    }
    renameSync(path, join(folder, recordNames.receipt))
  } catch (cause) {
    throw refusedAt(path, cause)
  }
  flushFolder(folder)
}

/** Puts a record in place, whole and durable, unless there is one already; says whether it is ours. */
export const publishOnce = (folder: string, name: string, record: unknown): boolean => {
  const path = join(folder, name)
  const temporary = writeTemporary(path, record)
  try {
    linkSync(temporary, path)
  } catch (cause) {
    if (hasCode(cause, "EEXIST")) return false
    throw cause
  } finally {
    unlinkSync(temporary)
  }
  flushFolder(folder)
  return true
}

export const hasRecord = (folder: string, name: string): boolean => existsSync(join(folder, name))

/** Far more than any record has: what is longer was written by somebody else, and is not read. */
const record_bytes_max = 16_777_216

/** A file's text; undefined when there is none. Never waits for the other end of a pipe. */
const readPlain = (path: string): string | undefined => {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return undefined
    if (["ELOOP", "ENXIO"].some((code) => hasCode(cause, code))) throw new SyntaxError(`${path} is no file`)
    throw cause
  }
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) throw new SyntaxError(`${path} is no file`)
    if (stat.size > record_bytes_max) throw new SyntaxError(`${path} has more than ${record_bytes_max} bytes`)
    return readFileSync(descriptor, "utf8")
  } finally {
    closeSync(descriptor)
  }
}

/** The record as parsed JSON, or undefined when there is none. Throws `SyntaxError` on anything that is no file of JSON. */
export const readRecord = (folder: string, name: string): unknown => {
  const path = join(folder, name)
  const text = readPlain(path)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SyntaxError(`${path} is not JSON: ${cause instanceof Error ? cause.message : ""}`)
  }
}

/** The secret with which a wrapper withdrew; what cannot be read is none. */
export const readWithdrawal = (folder: string): string | undefined => {
  try {
    const record = readRecord(folder, recordNames.withdrawn) as { readonly withdrawal?: unknown } | null | undefined
    return typeof record?.withdrawal === "string" ? record.withdrawal : undefined
  } catch {
    return undefined
  }
}

/** Whether the run that has these records is the one with this id; what cannot be read is not. */
export const isStartedAs = (folder: string, submitRunId: string): boolean => {
  try {
    const record = readRecord(folder, recordNames.started) as { readonly submitRunId?: unknown } | null | undefined
    return record?.submitRunId === submitRunId
  } catch {
    return false
  }
}
