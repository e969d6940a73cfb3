/**
 * A thread that runs tests, seen from outside: asked one thing at a time, and watched while it works.
 *
 * @module
 */
import { setTimeout as startTimer } from "node:timers"
import { setTimeout } from "node:timers/promises"
import { Worker } from "node:worker_threads"
import type { Answer, Ask } from "./thread.ts"

/** The thread ended by itself, or was not heard of for too long. */
export class Stuck extends Error {
  /** The test it had begun. */
  readonly test: string | undefined
  constructor(message: string, test: string | undefined) {
    super(message)
    this.test = test
  }
}

export type Ran = Extract<Answer, { kind: "ran" }>

const load_ms_max = 120_000
const end_ms_max = 2_000
/** A thread says itself when a test takes too long, unless it is stuck; so much later it is taken to be. */
const silence_ms_max = 5_000

export class TestThread {
  readonly #worker = new Worker(new URL("./thread.ts", import.meta.url), { stdout: true, stderr: true })
  readonly #ready: Promise<Answer>
  #resolve: ((answer: Answer) => void) | undefined
  #reject: ((error: Error) => void) | undefined
  #begin: ((test: string) => void) | undefined
  #test: string | undefined
  uses = 0

  constructor() {
    this.#worker.on("message", (answer: Answer) => {
      if (answer.kind === "began") this.#begin?.(answer.test)
      else this.#resolve?.(answer)
    })
    this.#worker.on("error", (error) => this.#reject?.(new Stuck(String(error), this.#test)))
    this.#worker.on("exit", () => this.#reject?.(new Stuck("the thread ended", this.#test)))
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

  async #ask(ask: Ask, first_ms_max: number, limitOf: (test: string) => number = () => first_ms_max): Promise<Answer> {
    await this.#ready
    let timer: ReturnType<typeof startTimer> | undefined
    const answer = this.#answer()
    const late = new Promise<never>((_, reject) => {
      const wait = (limit_ms: number) => {
        clearTimeout(timer)
        timer = startTimer(() => reject(new Stuck(`nothing was heard for ${limit_ms} ms`, this.#test)), limit_ms)
      }
      wait(first_ms_max)
      this.#begin = (test) => {
        this.#test = test
        wait(limitOf(test) + silence_ms_max)
      }
    })
    this.#worker.postMessage(ask)
    try {
      return await Promise.race([answer, late])
    } finally {
      this.#begin = undefined
      clearTimeout(timer)
    }
  }

  /** Loads the test files; answers what kept them from loading. */
  async load(files: ReadonlyArray<string>, mutant?: string): Promise<string | undefined> {
    const answer = await this.#ask({ kind: "load", files, mutant }, load_ms_max)
    return answer.kind === "loaded" ? answer.error : `answered ${answer.kind}`
  }

  /** Runs tests; one that is not told its limit may take `limit_ms`. */
  async run(ask: Omit<Extract<Ask, { kind: "run" }>, "kind">, limit_ms = load_ms_max): Promise<Ran> {
    this.uses++
    const limits = new Map(ask.tests?.map((test) => [test.id, test.limit_ms] as const))
    const answer = await this.#ask({ kind: "run", ...ask }, limit_ms, (test) => limits.get(test) ?? limit_ms)
    if (answer.kind !== "ran") throw new Stuck(`answered ${answer.kind}`, undefined)
    return answer
  }

  async end(): Promise<void> {
    await this.#ask({ kind: "end" }, end_ms_max).catch(() => undefined)
    // A thread that waits for the system may never be gone; nobody needs to wait for it.
    await Promise.race([this.#worker.terminate(), setTimeout(end_ms_max, undefined, { ref: false })])
  }
}
