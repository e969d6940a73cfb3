/** Several processes append to one ledger while readers and followers go at full speed; what is wrong with what they saw. */
import type { Store } from "@waybill/ledger"
import { Effect, Fiber, Stream } from "effect"
import { findPostgres } from "@waybill/conformance/postgres-server"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll } from "vitest"
import type { TestServer } from "./postgres.ts"
import type { WriterJob } from "./postgresWriter.ts"
import { ledgerOver, textOf } from "./texts.ts"

/** What each of the processes does. */
export type Hammering = Omit<WriterJob, "schema" | "name">

const script = fileURLToPath(new URL("postgresWriter.ts", import.meta.url))

interface Writer {
  /** Opens the ledger; resolves once it is ready to begin. */
  readonly prepare: (job: WriterJob) => Promise<void>
  /** Appends; resolves to what was acknowledged, or to what went wrong. */
  readonly begin: () => Promise<Readonly<Record<string, number>> | string>
  readonly end: () => Promise<void>
}

/** Starts a process that writes whatever it is given, one job after the other. */
const startWriter = (url: string): Writer => {
  const child = spawn(process.execPath, ["--conditions=@waybill/source", script, url], {
    stdio: ["pipe", "pipe", "pipe"],
  })
  let cried = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => (cried += text))
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async (said: string): Promise<string> => {
    child.stdin.write(`${said}\n`)
    const { done, value } = await lines.next()
    return done === true ? JSON.stringify({ failed: `the process ended: ${cried.slice(0, 300)}` }) : String(value)
  }
  let name = ""
  let prepared = ""
  return {
    prepare: async (job) => {
      name = job.name
      prepared = await answer(JSON.stringify(job))
    },
    begin: async () => {
      const said = JSON.parse(prepared === "ready" ? await answer("go") : prepared) as Record<string, unknown>
      if (typeof said["failed"] === "string") return `${name} failed: ${said["failed"]}`
      return said as Record<string, number>
    },
    end: () => {
      child.stdin.end()
      return ended
    },
  }
}

/** Has processes that write, for all tests of a file: each is told what to write, and where, when it is its turn. */
export const useHammer = (postgres: TestServer, processes: number) => {
  let writers: ReadonlyArray<Writer> = []
  beforeAll(() => {
    if (findPostgres() !== undefined)
      writers = Array.from({ length: processes }, () => startWriter(postgres.server().url))
  })
  afterAll(() => Promise.all(writers.map(({ end }) => end())))
  return (hammering: Hammering): Promise<ReadonlyArray<string>> =>
    Effect.runPromise(hammer(postgres, writers, hammering))
}

interface Seen {
  readonly positions: Array<number>
  readonly texts: Array<string>
}
const emptySeen = (): Seen => ({ positions: [], texts: [] })

/** Reads on as fast as it can, never below where it was, until nothing comes any more. */
const readOn = (store: Store, limit: number, isOver: () => boolean, seen: Seen) =>
  Effect.gen(function* () {
    for (let at = 0; ;) {
      const wasOver = isOver()
      const { covers, events } = yield* store.readAfter(at, limit)
      for (const event of events) {
        seen.positions.push(event.position)
        seen.texts.push(textOf(event))
      }
      const reached = events.at(-1)?.position ?? Math.max(at, covers)
      if (reached === at && wasOver) return
      at = reached
    }
  })

const isRising = (positions: ReadonlyArray<number>) => positions.every((p, i) => i === 0 || p > (positions[i - 1] ?? 0))

/** Answers with everything that was wrong, in words; nothing for a sound store. */
const hammer = (
  { freshSchema, open }: TestServer,
  writers: ReadonlyArray<Writer>,
  hammering: Hammering,
): Effect.Effect<ReadonlyArray<string>, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const schema = freshSchema()
      const stores = yield* Effect.forEach(["audit", "reader", "reader", "tail", "tail"], () => open(schema))
      const [auditStore, ...others] = stores
      if (auditStore === undefined) return ["no store"]
      yield* Effect.promise(() =>
        Promise.all(writers.map(({ prepare }, p) => prepare({ ...hammering, schema, name: `p${p}` }))),
      )
      let isOver = false
      const saw = others.map(emptySeen)
      const watching = yield* Effect.forEach(others, (store, i) => {
        const seen = saw[i] ?? emptySeen()
        if (i < 2) return Effect.forkChild(readOn(store, i === 0 ? 50 : 1_000, () => isOver, seen))
        return Effect.forkChild(
          Effect.flatMap(ledgerOver(store), (ledger) =>
            Stream.runForEach(ledger.tail(), (event) =>
              Effect.sync(() => {
                seen.positions.push(event.position)
                seen.texts.push(textOf(event))
              }),
            ),
          ),
        )
      })
      const done = yield* Effect.promise(() => Promise.all(writers.map(({ begin }) => begin())))
      isOver = true

      const truth = emptySeen()
      yield* readOn(auditStore, 5_000, () => true, truth)
      yield* Effect.forEach(watching.slice(0, 2), Fiber.join)
      // A follower that has missed the end never gets there: it is waited for as long as it gets on.
      const last = truth.positions.at(-1) ?? 0
      const reached = () => saw.map(({ positions }) => positions.at(-1) ?? 0)
      for (let [before, idle] = [reached(), 0]; idle < 100 && reached().some((position) => position < last);) {
        yield* Effect.sleep(10)
        const now = reached()
        idle = now.every((position, i) => position === before[i]) ? idle + 1 : 0
        before = now
      }
      yield* Effect.forEach(watching, Fiber.interrupt)

      const wrong: Array<string> = done.filter((each) => typeof each === "string")
      const total = writers.length * hammering.writers * hammering.batches * hammering.batch
      if (truth.texts.length !== total) wrong.push(`${truth.texts.length} facts are there, not ${total}`)
      if (new Set(truth.texts).size !== truth.texts.length) wrong.push("a fact is there twice")
      if (!isRising(truth.positions)) wrong.push("positions do not rise")
      const at = new Map(truth.texts.map((text, i) => [text, truth.positions[i]]))
      for (const answer of done) {
        if (typeof answer === "string") continue
        const lost = Object.entries(answer).filter(([text, position]) => at.get(text) !== position)
        if (lost.length > 0) wrong.push(`${lost.length} acknowledged facts are not where they were said to be`)
      }
      for (const [i, { positions, texts }] of saw.entries()) {
        const who = i < 2 ? "reader" : "follower"
        const skipped = truth.texts.length - new Set(texts).size
        if (skipped > 0) wrong.push(`a ${who} skipped ${skipped} facts`)
        if (new Set(texts).size < texts.length) wrong.push(`a ${who} met a fact twice`)
        if (!isRising(positions)) wrong.push(`a ${who} met positions out of order`)
        if (skipped === 0 && texts.some((text, n) => text !== truth.texts[n])) wrong.push(`a ${who} saw another order`)
      }
      return wrong
    }),
  )
