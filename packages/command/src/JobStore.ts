/**
 * Where jobs are remembered, so that another process can ask about them: two small files per job.
 *
 * `<id>.json` says what was started and never changes. `<id>.end.json` says how it ended; it is made by linking a
 * finished file to that name, which fails when the name is taken, so that of a completion and a cancellation that race
 * the first stands.
 *
 * @module
 */
import { CommandError } from "./CommandError.ts"
import { type JobDescriptor, refuseDescriptor } from "@waybill/command-contract"
import type { ProcessIdentity } from "@waybill/host/process-tree"
import { link, mkdir, open, readFile, unlink } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"

/** What was started. */
export interface JobRecord {
  readonly descriptor: JobDescriptor
  /** Dotted path of the command that started it. */
  readonly command: string
  /** Milliseconds since the epoch. */
  readonly started_ms: number
  /** The process that does the work, when the command told one. */
  readonly process?: ProcessIdentity
}

/** How a job ended. It never changes again. */
export interface JobEnd {
  readonly status: "complete" | "failed" | "cancelled"
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string }
}

export type JobReading =
  | { readonly kind: "missing" }
  /** The record is there and cannot be read. */
  | { readonly kind: "corrupt"; readonly why: string }
  | { readonly kind: "found"; readonly record: JobRecord; readonly end: JobEnd | undefined }

export interface JobStore {
  /** Remembers a job; rejects when the id is taken. */
  readonly start: (record: JobRecord) => Promise<void>
  readonly read: (id: string) => Promise<JobReading>
  /** Ends a job, unless it has ended; answers the end that stands. */
  readonly end: (id: string, end: JobEnd) => Promise<JobEnd>
}

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined)

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isEnd = (value: unknown): value is JobEnd =>
  isRecord(value) && ["complete", "failed", "cancelled"].some((status) => status === value["status"])

const isJobRecord = (value: unknown): value is JobRecord =>
  isRecord(value) && refuseDescriptor(value["descriptor"], ".").length === 0 && typeof value["started_ms"] === "number"

const readJson = async (path: string): Promise<{ readonly value: unknown } | undefined> => {
  try {
    return { value: JSON.parse(await readFile(path, "utf8")) }
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined
    throw error
  }
}

/** Writes a file that nobody sees until it is whole and on the disk. */
const writeWhole = async (path: string, value: unknown): Promise<void> => {
  const file = await open(path, "wx", 0o600)
  try {
    await file.writeFile(JSON.stringify(value))
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The folder where a program's jobs are kept: under XDG_STATE_HOME, else under `~/.local/state`. */
export const jobFolder = (tool: string, env: Readonly<Record<string, string | undefined>>): string => {
  const state = env["XDG_STATE_HOME"]
  // A relative value is ignored, as the base directory specification asks.
  const base = state?.startsWith("/") === true ? state : join(env["HOME"] ?? homedir(), ".local", "state")
  return join(base, tool, "jobs")
}

const taken = (job_id: string, cause: unknown) =>
  new CommandError({
    exit: "CONFLICT",
    code: "JOB_ID_TAKEN",
    message: `There is a job ${job_id} already; the one that was started now is not on record.`,
    fix_required: "Give every job an id of its own.",
    cause,
  })

/**
 * A store of files in a folder, which is made (0700) by the first job. The id must have been checked against the
 * descriptor's pattern: it becomes a file name.
 */
export const fileJobStore = (folder: string): JobStore => {
  const at = (id: string, suffix: string) => join(folder, `${encodeURIComponent(id)}${suffix}`)
  const temporary = (id: string) => at(id, `.${process.pid}.${Math.trunc(performance.now() * 1e6)}.tmp`)

  const readEnd = async (id: string): Promise<JobEnd | undefined> => {
    const file = await readJson(at(id, ".end.json"))
    if (file === undefined) return undefined
    const { value } = file
    if (!isEnd(value)) throw new Error("the end of the job is not one")
    return value
  }

  return {
    start: async (record) => {
      const { job_id } = record.descriptor
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const whole = temporary(job_id)
      await writeWhole(whole, record)
      try {
        // A link and not a rename: a second job of the same id must not replace the first.
        await link(whole, at(job_id, ".json"))
      } catch (error) {
        throw codeOf(error) === "EEXIST" ? taken(job_id, error) : error
      } finally {
        await unlink(whole)
      }
    },
    read: async (id) => {
      try {
        const file = await readJson(at(id, ".json"))
        if (file === undefined) return { kind: "missing" }
        const { value } = file
        if (!isJobRecord(value)) return { kind: "corrupt", why: "the record of the job is not one" }
        return { kind: "found", record: value, end: await readEnd(id) }
      } catch (error) {
        return { kind: "corrupt", why: error instanceof Error ? error.message : String(error) }
      }
    },
    end: async (id, end) => {
      const whole = temporary(id)
      await writeWhole(whole, end)
      try {
        await link(whole, at(id, ".end.json"))
        return end
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error
        return (await readEnd(id)) ?? end
      } finally {
        await unlink(whole)
      }
    },
  }
}
