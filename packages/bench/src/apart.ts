/**
 * Measuring each benchmark in a process of its own: none leaves its heap to the next, and one that dies takes nobody with it.
 *
 * @module
 */
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { Schema } from "effect"
import { Report } from "./Report.ts"

/** What one process told: a report of one benchmark. */
export type Apart = Pick<Report, "benchmarks" | "failed">

/** How a process ended: by itself, because it took too long, or because somebody wanted it to. */
interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly isLate: boolean
}

const runProcess = (args: ReadonlyArray<string>, limit_ms: number): Promise<Ended> =>
  new Promise((done, fail) => {
    // The table is shown once, of all of them.
    const child = spawn(process.execPath, [...args], { stdio: ["ignore", "ignore", "inherit"] })
    let isLate = false
    const late = setTimeout(() => {
      isLate = true
      child.kill("SIGTERM")
    }, limit_ms)
    // It hears of Ctrl-C too; its end is what ends this one.
    const heard = () => {}
    process.on("SIGINT", heard)
    const settled = () => {
      clearTimeout(late)
      process.off("SIGINT", heard)
    }
    child.once("error", (cause) => {
      settled()
      fail(cause)
    })
    child.once("close", (code, signal) => {
      settled()
      done({ code, signal, isLate })
    })
  })

/** Somebody wants it to end: nothing further is measured. */
export class Interrupted extends Error {}

/**
 * Measures one benchmark with `args` of Node in front of the name. Rejects with {@link Interrupted}; whatever else goes wrong is
 * told as a benchmark that failed.
 */
export const measureApart = async (
  name: string,
  args: (name: string, report: string) => ReadonlyArray<string>,
  limit_ms: number,
): Promise<Apart> => {
  const folder = mkdtempSync(join(tmpdir(), "waybill-bench-"))
  try {
    const file = join(folder, "report.json")
    const { code, isLate, signal } = await runProcess(args(name, file), limit_ms)
    if (signal === "SIGINT" || code === 130) throw new Interrupted("interrupted")
    const failed = (reason: string): Apart => ({ benchmarks: [], failed: [{ name, reason }] })
    if (isLate) return failed(`it took longer than ${Math.round(limit_ms / 1000)} s and was ended`)
    try {
      return Schema.decodeUnknownSync(Schema.fromJsonString(Report))(readFileSync(file, "utf8"))
    } catch {
      return failed(`its process ended with ${signal ?? `exit code ${code}`} before it told anything`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

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
