/**
 * A test runner for Stryker that keeps the tests loaded: a mutant that is switched on while the code runs costs its tests
 * and nothing else, one that works while modules load costs a fresh thread.
 *
 * A test that fails may have spoilt what later mutants need (a cache that is filled once). So it is asked again without the
 * mutant, and if it still fails, the thread is replaced and the mutant judged anew. A test that does not end proves nothing on
 * a machine that has other work: it is asked again in a thread of its own, and given twice the time.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { Journal } from "./Journal.ts"
import { Order } from "./Order.ts"
import type { DryRunResult, MutantRunOptions, MutantRunResult, TestRunner } from "./Stryker.ts"
import { type Ran, Stuck, TestThread } from "./TestThread.ts"

const files: ReadonlyArray<string> = JSON.parse(process.env["WAYBILL_MUTATION_TESTS"] ?? "[]")
/**
 * How long the tests of one mutant may take together, as they were measured; the likeliest of them are asked. Too little
 * patience makes a score lower, never higher.
 */
const patience_ms = Number(process.env["WAYBILL_MUTATION_PATIENCE_MS"] ?? 15_000)
const digestsFile = join(process.cwd(), "mutation-digests.json")
const journal = new Journal(
  process.env["WAYBILL_MUTATION_JOURNAL"] ?? join(process.cwd(), "mutation-journal.jsonl"),
  process.env["WAYBILL_MUTATION_FINGERPRINT"] ?? "",
  existsSync(digestsFile) ? JSON.parse(readFileSync(digestsFile, "utf8")) : {},
  patience_ms,
)
const baselineFile = join(process.cwd(), "mutation-baseline.json")

/** A test, and how long it took without mutants. */
interface Timed {
  readonly id: string
  readonly fileName: string
  readonly took_ms: number
}

/** What the first run, without mutants, found: how long tests take, which need all their runs, and what snapshots said. */
interface Baseline {
  readonly tests: ReadonlyArray<Timed>
  readonly full: ReadonlyArray<string>
  readonly snapshots: Readonly<Record<string, string>>
  /** The tests that run through a mutant, by the mutant's id. */
  readonly covering: Readonly<Record<string, ReadonlyArray<string>>>
}

interface Coverage {
  readonly perTest: Readonly<Record<string, Readonly<Record<string, number>>>>
}

const coveringIn = ({ perTest }: Coverage): Readonly<Record<string, ReadonlyArray<string>>> => {
  const covering: Record<string, Array<string>> = {}
  for (const [test, mutants] of Object.entries(perTest))
    for (const mutant of Object.keys(mutants)) (covering[mutant] ??= []).push(test)
  return covering
}

/** The first of the tests that take no longer together than the run has patience. */
const patiently = (tests: ReadonlyArray<Timed>): ReadonlyArray<Timed> => {
  let together_ms = 0
  return tests.filter(({ took_ms }) => {
    const isAsked = together_ms + took_ms <= patience_ms
    if (isAsked) together_ms += took_ms
    return isAsked
  })
}

/** A test that takes much longer than it did waits for something that will not come. */
const limitOf = ({ took_ms }: Timed): number => Math.ceil(5000 + took_ms * 10)

const uses_max = 400
/** A thread that ends some time after a test takes another test with it each time: so many are asked again. */
const late_max = 3

/** What a thread said of a mutant. */
type Outcome = { readonly ran: Ran } | { readonly late: string | undefined; readonly reason: string }

class KeepingRunner implements TestRunner {
  readonly #order = new Order()
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
      : { tests: [], full: [], snapshots: {}, covering: {} }
    return this.#known
  }

  async #loaded(): Promise<TestThread> {
    if (this.#thread !== undefined && this.#thread.uses < uses_max) return this.#thread
    await this.#drop()
    const thread = this.#fresh()
    const error = await thread.load(files)
    if (error !== undefined) throw new Error(error)
    this.#thread = thread
    return thread
  }

  /** Loads the tests with a mutant; answers what kept them from it, if anything did. */
  async #load(mutant: string): Promise<{ readonly error: string } | Extract<Outcome, { late: unknown }> | undefined> {
    this.#thread = this.#fresh()
    try {
      const error = await this.#thread.load(files, mutant)
      return error === undefined ? undefined : { error }
    } catch (error) {
      if (error instanceof Stuck) return { late: "loading", reason: error.message }
      throw error
    }
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
      const unlimited = full.map((id) => ({ id, limit_ms: timeout }))
      const again = await thread.run({ tests: unlimited, full, bail: false }, timeout)
      const secondly = new Map(again.results.map((result) => [result.id, result] as const))
      const tests = first.results.map((result) => secondly.get(result.id) ?? result)
      this.#known = {
        tests: tests.map(({ fileName, id, timeSpentMs }) => ({ id, fileName, took_ms: timeSpentMs })),
        full,
        snapshots: again.snapshots,
        covering: coveringIn((again.coverage ?? { perTest: {} }) as Coverage),
      }
      writeFileSync(baselineFile, JSON.stringify(this.#known))
      return { status: "complete", tests, mutantCoverage: again.coverage ?? { static: {}, perTest: {} } }
    } catch (error) {
      return { status: "error", errorMessage: String(error) }
    }
  }

  /** The tests that may notice a mutant, the likeliest first. Of one that works while modules load, all may. */
  #mayNotice(testFilter: ReadonlyArray<string> | undefined): ReadonlyArray<Timed> {
    const tests = this.#order.sort(this.#baseline.tests)
    if (testFilter === undefined) return tests
    const wanted = new Set(testFilter)
    return tests.filter(({ id }) => wanted.has(id))
  }

  async #run(
    thread: TestThread,
    tests: ReadonlyArray<Timed>,
    isPatient: (id: string) => boolean,
    mutant?: { readonly id: string; readonly hitLimit: number | undefined },
  ): Promise<Outcome> {
    const { full, snapshots } = this.#baseline
    const limited = tests.map((test) => ({ id: test.id, limit_ms: limitOf(test) * (isPatient(test.id) ? 2 : 1) }))
    try {
      const ran = await thread.run({
        tests: limited,
        mutant: mutant?.id,
        hitLimit: mutant?.hitLimit,
        bail: true,
        full,
        snapshots,
      })
      const late = ran.results.find(({ isLate }) => isLate === true)
      return late === undefined ? { ran } : { late: late.id, reason: late.failureMessage ?? "" }
    } catch (error) {
      if (error instanceof Stuck) return { late: error.test, reason: error.message }
      throw error
    }
  }

  #verdict({ isHitLimitReached, results }: Ran): MutantRunResult {
    for (const { id, status } of results) this.#order.learn(id, status === 1)
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

  /** Answers the verdict, and the files of the tests it rests on. */
  async #judge(
    { activeMutant, hitLimit }: MutantRunOptions,
    tests: ReadonlyArray<Timed>,
    isStatic: boolean,
  ): Promise<readonly [MutantRunResult, ReadonlyArray<string>]> {
    const filesOf = (ids: ReadonlyArray<string>) =>
      tests.filter(({ id }) => ids.includes(id)).map(({ fileName }) => fileName)
    const patient = new Set<string>()
    for (;;) {
      if (isStatic || patient.size > 0) await this.#drop()
      const loading = isStatic ? await this.#load(activeMutant.id) : undefined
      if (loading !== undefined && "error" in loading)
        return [
          {
            status: "killed",
            killedBy: tests.slice(0, 1).map(({ id }) => id),
            failureMessage: `does not load: ${loading.error}`,
            nrOfTests: 0,
          },
          [],
        ]
      const thread = await this.#loaded()
      const isFresh = thread.uses === 0
      const lateFirst = tests.toSorted((a, b) => Number(patient.has(b.id)) - Number(patient.has(a.id)))
      const outcome =
        loading ?? (await this.#run(thread, lateFirst, (id) => patient.has(id), { id: activeMutant.id, hitLimit }))
      if ("late" in outcome) {
        await this.#drop()
        const late = outcome.late ?? ""
        if (patient.has(late) || patient.size === late_max) {
          this.#order.learn(late, true)
          return [{ status: "timeout", reason: `${late}: ${outcome.reason}` }, filesOf([late])]
        }
        patient.add(late)
        continue
      }
      const verdict = this.#verdict(outcome.ran)
      if (verdict.status === "survived") {
        if (isStatic) await this.#drop()
        return [verdict, [...new Set(tests.map(({ fileName }) => fileName))]]
      }
      const last = outcome.ran.results.slice(-1).map(({ id }) => id)
      if (isStatic) {
        await this.#drop()
        return [verdict, filesOf(last)]
      }
      const after = await this.#run(
        thread,
        tests.filter(({ id }) => last.includes(id)),
        () => false,
      )
      const isSpoilt = "late" in after || after.ran.results.some(({ status }) => status === 1)
      if (isSpoilt) await this.#drop()
      if (!isSpoilt || isFresh) return [verdict, filesOf(last)]
    }
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const mutant = { ...options.activeMutant, fileName: relative(process.cwd(), options.activeMutant.fileName) }
    const known = journal.recall(mutant)
    const open = this.#mayNotice(options.testFilter).filter(({ fileName }) => known?.files.includes(fileName) !== true)
    if (known !== undefined && (known.result.status !== "survived" || open.length === 0)) return known.result
    const isStatic = options.reloadEnvironment || options.mutantActivation === "static"
    const covering = new Set(this.#baseline.covering[options.activeMutant.id])
    const tests = patiently(open)
    // What works while modules load mostly works later too, and is noticed then, in the thread that is loaded.
    const running = isStatic ? patiently(open.filter(({ id }) => covering.has(id))) : tests
    const unasked = new Set(open.filter((test) => !tests.includes(test)).map(({ fileName }) => fileName))
    try {
      const first = running.length === 0 ? undefined : await this.#judge(options, running, false)
      const [result, judging] =
        first !== undefined && (!isStatic || first[0].status !== "survived")
          ? first
          : await this.#judge(options, tests, isStatic)
      const earlier = result.status === "survived" && known !== undefined ? known : { files: [], partial: [] }
      const partial = result.status === "survived" ? [...unasked] : []
      journal.remember(mutant, {
        result,
        files: [...new Set([...earlier.files, ...judging, ...partial])],
        partial: [...earlier.partial, ...partial],
      })
      return result
    } catch (error) {
      await this.#drop()
      if (!(error instanceof Stuck)) throw error
      // The tests themselves never came to be loaded.
      const result: MutantRunResult = { status: "timeout", reason: error.message }
      journal.remember(mutant, { result, files: [], partial: [] })
      return result
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
