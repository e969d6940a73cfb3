/**
 * A test thread: loads the test files once, then runs whichever of their tests are asked for, with or without a mutant.
 *
 * @module
 */
import { enableCompileCache, registerHooks } from "node:module"
import { relative } from "node:path"
import { pathToFileURL } from "node:url"
import { parentPort } from "node:worker_threads"
import type { Switchboard, TestResult } from "./Stryker.ts"

/** A test, and how long it may take. */
export interface Asked {
  readonly id: string
  readonly limit_ms: number
}

export type Ask =
  | { readonly kind: "load"; readonly files: ReadonlyArray<string>; readonly mutant?: string | undefined }
  | {
      readonly kind: "run"
      /** In this order; all of them when absent. */
      readonly tests?: ReadonlyArray<Asked> | undefined
      readonly mutant?: string | undefined
      readonly hitLimit?: number | undefined
      readonly bail: boolean
      /** The tests whose properties are tried as often as they say. */
      readonly full?: ReadonlyArray<string> | undefined
      readonly snapshots?: Readonly<Record<string, string>> | undefined
    }
  | { readonly kind: "end" }

export type Answer =
  | { readonly kind: "ready" }
  | { readonly kind: "loaded"; readonly error?: string }
  | { readonly kind: "began"; readonly test: string }
  | {
      readonly kind: "ran"
      readonly results: ReadonlyArray<TestResult>
      readonly coverage: unknown
      readonly snapshots: Readonly<Record<string, string>>
      readonly isHitLimitReached: boolean
    }
  | { readonly kind: "ended" }

const port = parentPort
if (port === null) throw new Error("this file runs as a worker thread")

const standIns = new Map(
  ["vitest", "fast-check"].map((name) => [name, new URL(`./${name}.ts`, import.meta.url).href] as const),
)
registerHooks({
  resolve: (specifier, context, next) => {
    if (specifier.endsWith("-itself")) return next(specifier.slice(0, -"-itself".length), context)
    const url = standIns.get(specifier)
    return url === undefined ? next(specifier, context) : { url, shortCircuit: true }
  },
})
enableCompileCache()

const switchboard: Switchboard = {}
Object.assign(globalThis, { __stryker__: switchboard })

const { Skipped, collected, current, enterFile, snapshots } = await import("./vitest.ts")
// What every test file needs is there before the first is asked for.
const { limits } = await import("./fast-check.ts")
await import("effect")

const property_runs_max = 100

/** For a test of which nobody knows yet how long it takes. */
const first_ms_max = 120_000
const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error)

class Late extends Error {}

const strays: Array<string> = []
const stray = (cause: unknown) => {
  strays.push(`nobody waited for: ${messageOf(cause)}`)
}
process.on("unhandledRejection", stray)
process.on("uncaughtException", stray)

const activate = (mutant: string | undefined, hitLimit?: number) => {
  switchboard.activeMutant = mutant
  switchboard.hitCount = hitLimit === undefined ? undefined : 0
  switchboard.hitLimit = hitLimit
  // For the processes that tests start: instrumented code there reads the environment.
  if (mutant === undefined) delete process.env["__STRYKER_ACTIVE_MUTANT__"]
  else process.env["__STRYKER_ACTIVE_MUTANT__"] = mutant
}

const within = async (work: () => unknown, limit_ms: number): Promise<void> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Late(`did not end within ${limit_ms} ms`)), limit_ms)
  })
  try {
    await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}

let isBegun = false
const runOne = async (test: (typeof collected.tests)[number], limit_ms: number): Promise<TestResult> => {
  const { fileName, id, name } = test
  const started = performance.now()
  const result = (status: TestResult["status"], failureMessage?: string): TestResult => ({
    id,
    name,
    fileName,
    status,
    timeSpentMs: performance.now() - started,
    ...(failureMessage === undefined ? {} : { failureMessage }),
  })
  current.id = id
  current.count = 0
  strays.length = 0
  try {
    for (const hook of test.before) await hook()
    await within(test.body, limit_ms)
    for (const hook of test.after) await hook()
    const [stray] = strays
    return stray === undefined ? result(0) : result(1, stray)
  } catch (error) {
    if (error instanceof Skipped) return result(2)
    if (error instanceof Late) return { ...result(1, messageOf(error)), isLate: true }
    return result(1, messageOf(error))
  }
}

const load = async (files: ReadonlyArray<string>): Promise<Answer> => {
  try {
    for (const file of files) {
      enterFile(relative(process.cwd(), file))
      await import(pathToFileURL(file).href)
    }
    return { kind: "loaded" }
  } catch (error) {
    return { kind: "loaded", error: messageOf(error) }
  }
}

const run = async (ask: Extract<Ask, { kind: "run" }>): Promise<Answer> => {
  snapshots.known = ask.snapshots
  if (!isBegun) {
    isBegun = true
    for (const hook of collected.beforeAll) await hook()
  }
  const byId = new Map(collected.tests.map((test) => [test.id, test] as const))
  const asked = ask.tests ?? [...byId.keys()].map((id) => ({ id, limit_ms: first_ms_max }))
  activate(ask.mutant, ask.hitLimit)
  const results: Array<TestResult> = []
  for (const { id, limit_ms } of asked) {
    const test = byId.get(id)
    if (test === undefined) {
      results.push({ id, name: id, fileName: "", status: 1, timeSpentMs: 0, failureMessage: "is not there any more" })
      if (ask.bail) break
      continue
    }
    switchboard.currentTestId = id
    limits.runs_max = ask.full?.includes(id) === true ? Infinity : property_runs_max
    port.postMessage({ kind: "began", test: id } satisfies Answer)
    const done = await runOne(test, limit_ms)
    switchboard.currentTestId = undefined
    results.push(done)
    if (done.status === 1 && ask.bail) break
  }
  const isHitLimitReached =
    ask.hitLimit !== undefined && switchboard.hitCount !== undefined && switchboard.hitCount > ask.hitLimit
  activate(undefined)
  return { kind: "ran", results, coverage: switchboard.mutantCoverage, snapshots: snapshots.seen, isHitLimitReached }
}

const answer = (ask: Ask): Promise<Answer> => {
  switch (ask.kind) {
    case "load":
      activate(ask.mutant)
      return load(ask.files)
    case "run":
      return run(ask)
    case "end":
      return (async () => {
        for (const hook of collected.afterAll) await hook()
        return { kind: "ended" }
      })()
  }
}

port.on("message", (ask: Ask) => {
  void answer(ask).then((said) => port.postMessage(said))
})
port.postMessage({ kind: "ready" } satisfies Answer)
