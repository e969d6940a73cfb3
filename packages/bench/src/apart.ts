/**
 * Measuring each benchmark in a process of its own: none leaves its heap to the next, and one that dies takes nobody with it.
 *
 * @module
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { Schema } from "effect"
import { runGroup, withScratch } from "./ProcessGroup.ts"
import { Report } from "./Report.ts"

/** What one process told: a report of one benchmark. */
export type Apart = Pick<Report, "benchmarks" | "failed">

/** The command line of the process was refused; it has said why. */
export class Refused extends Error {}

/** What `main` ends with after a mistake in the command line. */
export const usage_code = 2

/**
 * Measures one benchmark with `args` of Node, in a process group and with a folder for temporary files that end with it.
 * Rejects with {@link Interrupted} or {@link Refused}; whatever else goes wrong is told as a benchmark that failed.
 */
export const measureApart = (
  name: string,
  args: (name: string, report: string) => ReadonlyArray<string>,
  options: { readonly limit_ms?: number; readonly abort: AbortSignal },
): Promise<Apart> =>
  withScratch(async (scratch) => {
    const file = join(scratch, "report.json")
    const { code, isLate, signal } = await runGroup(args(name, file), { ...options, scratch })
    const failed = (reason: string): Apart => ({ benchmarks: [], failed: [{ name, reason }] })
    if (isLate) return failed(`it took longer than ${Math.round((options.limit_ms ?? 0) / 1000)} s and was ended`)
    if (code === usage_code) throw new Refused(`${name}: refused`)
    try {
      return Schema.decodeUnknownSync(Schema.fromJsonString(Report))(readFileSync(file, "utf8"))
    } catch {
      return failed(`its process ended with ${signal ?? `exit code ${code}`} before it told anything`)
    }
  })

const Durations = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Finite))

/** How long each benchmark took the last time, so that a run can say how long it will take. */
export interface Clock {
  /** Milliseconds that the benchmarks named will take, as far as is known. */
  readonly expected_ms: (names: ReadonlyArray<string>) => number
  readonly took: (name: string, ms: number) => void
}

const unknown_ms = 45_000

/** A clock that remembers in a file. What cannot be read there is not known. */
export const clockIn = (file: string): Clock => {
  let known: Record<string, number> = {}
  try {
    known = { ...Schema.decodeUnknownSync(Durations)(readFileSync(file, "utf8")) }
  } catch {
    known = {}
  }
  return {
    expected_ms: (names) => names.reduce((sum, name) => sum + (known[name] ?? unknown_ms), 0),
    took: (name, ms) => {
      known[name] = Math.round(ms)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, `${JSON.stringify(known, null, 2)}\n`)
    },
  }
}
