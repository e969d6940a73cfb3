/**
 * A test runner for Stryker that keeps the tests loaded: a mutant that is switched on while the code runs costs its tests
 * and nothing else, one that works while modules load costs a fresh thread.
 *
 * A test that fails may have spoilt what later mutants need (a cache that is filled once). So it is asked again without the
 * mutant, and if it still fails, the thread is replaced and the mutant judged anew.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Worker } from "node:worker_threads"
import { Journal } from "./Journal.ts"
import type { DryRunResult, MutantRunOptions, MutantRunResult, TestResult, TestRunner } from "./Stryker.ts"
import type { Answer, Ask, Asked } from "./thread.ts"

const files: ReadonlyArray<string> = JSON.parse(process.env["WAYBILL_MUTATION_TESTS"] ?? "[]")
const journal = new Journal(
  process.env["WAYBILL_MUTATION_JOURNAL"] ?? join(process.cwd(), "mutation-journal.jsonl"),
  process.env["WAYBILL_MUTATION_FINGERPRINT"] ?? "",
)
const baselineFile = join(process.cwd(), "mutation-baseline.json")

/** What the first run, without mutants, found: the quickest tests first, which need all their runs, and what snapshots said. */
interface Baseline {
  readonly order: ReadonlyArray<Asked & { readonly took_ms: number }>
  readonly full: ReadonlyArray<string>
  readonly snapshots: Readonly<Record<string, string>>
}

/** A test that takes much longer than it did waits for something that will not come. */
const limited = ({ id, timeSpentMs }: TestResult) => ({
  id,
  took_ms: timeSpentMs,
  limit_ms: Math.ceil(5000 + timeSpentMs * 10),
})

/**
 * Nobody knows which tests notice a mutant that works while modules load, so all would have to be tried: the quickest of them
 * are, up to so much time. It makes a score lower, never higher.
 */
const blind_ms_max = 15_000

class ThreadDied extends Error {}
class TookTooLong extends Error {}

class TestThread {
  readonly #worker = new Worker(new URL("./thread.ts", import.meta.url), { stdout: true, stderr: true })
  #resolve: ((answer: Answer) => void) | undefined
  #reject: ((error: Error) => void) | undefined
  readonly #ready: Promise<Answer>
  uses = 0

  constructor() {
    this.#worker.on("message", (answer: Answer) => this.#resolve?.(answer))
    this.#worker.on("error", (error) => this.#reject?.(new ThreadDied(String(error))))
    this.#worker.on("exit", () => this.#reject?.(new ThreadDied("the thread ended")))
    this.#worker.stdout.resume()
    this.#worker.stderr.resume()
    this.#ready = this.#answer()
    this.#ready.catch(() => undefined)
  }

  #answer(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  async ask(ask: Ask, limit_ms: number): Promise<Answer> {
    await this.#ready
    let timer: ReturnType<typeof setTimeout> | undefined
    const answer = this.#answer()
    this.#worker.postMessage(ask)
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new TookTooLong(`no answer within ${limit_ms} ms`)), limit_ms)
    })
    try {
      return await Promise.race([answer, late])
    } finally {
      clearTimeout(timer)
    }
  }

  async load(mutant: string | undefined, limit_ms: number): Promise<string | undefined> {
    const answer = await this.ask({ kind: "load", files, mutant }, limit_ms)
    return answer.kind === "loaded" ? answer.error : `answered ${answer.kind}`
  }

  async run(
    ask: Omit<Extract<Ask, { kind: "run" }>, "kind">,
    limit_ms: number,
  ): Promise<Extract<Answer, { kind: "ran" }>> {
    this.uses++
    const answer = await this.ask({ kind: "run", ...ask }, limit_ms)
    if (answer.kind !== "ran") throw new ThreadDied(`answered ${answer.kind}`)
    return answer
  }

  async end(): Promise<void> {
    await this.ask({ kind: "end" }, 5000).catch(() => undefined)
    await this.#worker.terminate()
  }
}

const uses_max = 400
const load_ms_max = 60_000

class KeepingRunner implements TestRunner {
  #spare = new TestThread()
  #thread: TestThread | undefined
  #known: Baseline | undefined

  capabilities() {
    return { reloadEnvironment: true }
  }

  /** A thread that has loaded nothing yet; the next one is made ready meanwhile. */
  #fresh(): TestThread {
    const thread = this.#spare
    this.#spare = new TestThread()
    return thread
  }

  get #baseline(): Baseline {
    this.#known ??= existsSync(baselineFile)
      ? (JSON.parse(readFileSync(baselineFile, "utf8")) as Baseline)
      : { order: [], full: [], snapshots: {} }
    return this.#known
  }

  async #loaded(): Promise<TestThread> {
    if (this.#thread !== undefined && this.#thread.uses < uses_max) return this.#thread
    await this.#drop()
    const thread = this.#fresh()
    const error = await thread.load(undefined, load_ms_max)
    if (error !== undefined) throw new Error(error)
    this.#thread = thread
    return thread
  }

  async #drop(): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    await thread?.end()
  }

  async dryRun({ timeout }: { readonly timeout: number }): Promise<DryRunResult> {
    try {
      const thread = await this.#loaded()
      const first = await thread.run({ bail: false }, timeout)
      const full = first.results.filter(({ status }) => status === 1).map(({ id }) => id)
      const patiently = full.map((id) => ({ id, limit_ms: timeout }))
      const again = await thread.run({ tests: patiently, full, bail: false }, timeout)
      const secondly = new Map(again.results.map((result) => [result.id, result] as const))
      const tests = first.results.map((result) => secondly.get(result.id) ?? result)
      const order = tests.toSorted((a, b) => a.timeSpentMs - b.timeSpentMs).map(limited)
      this.#known = { order, full, snapshots: again.snapshots }
      writeFileSync(baselineFile, JSON.stringify(this.#known))
      return { status: "complete", tests, mutantCoverage: again.coverage ?? { static: {}, perTest: {} } }
    } catch (error) {
      return { status: "error", errorMessage: String(error) }
    }
  }

  /** The tests to be run, the quickest first. */
  #asked(testFilter: ReadonlyArray<string> | undefined): ReadonlyArray<Asked> {
    const { order } = this.#baseline
    if (testFilter === undefined) {
      let spent_ms = 0
      return order.filter(({ took_ms }) => (spent_ms += took_ms) <= blind_ms_max)
    }
    const wanted = new Set(testFilter)
    return order.filter(({ id }) => wanted.has(id))
  }

  #verdict({ isHitLimitReached, results }: Extract<Answer, { kind: "ran" }>): MutantRunResult {
    if (isHitLimitReached) return { status: "timeout", reason: "an endless loop" }
    const failed = results.find(({ status }) => status === 1)
    return failed === undefined
      ? { status: "survived", nrOfTests: results.length }
      : {
          status: "killed",
          killedBy: [failed.id],
          failureMessage: failed.failureMessage ?? "failed",
          nrOfTests: results.length,
        }
  }

  async #judgeStatic(options: MutantRunOptions, limit_ms: number): Promise<MutantRunResult> {
    const thread = this.#fresh()
    const { activeMutant, hitLimit, testFilter } = options
    const { full, snapshots } = this.#baseline
    try {
      const tests = this.#asked(testFilter)
      const error = await thread.load(activeMutant.id, limit_ms)
      if (error !== undefined)
        return {
          status: "killed",
          killedBy: tests.slice(0, 1).map(({ id }) => id),
          failureMessage: `does not load: ${error}`,
          nrOfTests: 0,
        }
      return this.#verdict(
        await thread.run({ tests, mutant: activeMutant.id, hitLimit, bail: true, full, snapshots }, limit_ms),
      )
    } finally {
      await thread.end()
    }
  }

  async #judge(options: MutantRunOptions, limit_ms: number): Promise<MutantRunResult> {
    const { activeMutant, hitLimit, testFilter } = options
    const { full, snapshots } = this.#baseline
    const tests = this.#asked(testFilter)
    for (;;) {
      const thread = await this.#loaded()
      const isFresh = thread.uses === 0
      const ran = await thread.run({ tests, mutant: activeMutant.id, hitLimit, bail: true, full, snapshots }, limit_ms)
      const verdict = this.#verdict(ran)
      if (verdict.status === "survived") return verdict
      const killers =
        verdict.status === "killed" ? tests.filter(({ id }) => verdict.killedBy.includes(id)) : tests.slice(0, 1)
      const after = await thread.run({ tests: killers, bail: true, full, snapshots }, limit_ms)
      const isSpoilt = after.results.some(({ status }) => status === 1)
      if (isSpoilt) await this.#drop()
      if (!isSpoilt || isFresh) return verdict
    }
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const known = journal.recall(options.activeMutant)
    if (known !== undefined) return known
    const result = await this.#run(options)
    journal.remember(options.activeMutant, result)
    return result
  }

  async #run(options: MutantRunOptions): Promise<MutantRunResult> {
    // Before Stryker's own limit, which would cost the whole process.
    const limit_ms = options.timeout * 0.9
    const isStatic = options.reloadEnvironment || options.mutantActivation === "static"
    try {
      return await (isStatic ? this.#judgeStatic(options, limit_ms) : this.#judge(options, limit_ms))
    } catch (error) {
      await this.#drop()
      if (error instanceof TookTooLong || error instanceof ThreadDied)
        return { status: "timeout", reason: error.message }
      throw error
    }
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#drop(), this.#spare.end()])
  }
}

/** Where Stryker looks for plugins. */
export const strykerPlugins = [
  { kind: "TestRunner", name: "keeping", factory: Object.assign(() => new KeepingRunner(), { inject: [] as const }) },
]
