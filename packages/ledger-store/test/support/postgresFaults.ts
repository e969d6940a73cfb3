/**
 * The making of a schema, and the whole use of a store, under faults, tried at every k.
 *
 * Fault model: a run of database operations from the k-th on fails as `FaultyDatabase` says, over making and opening a schema,
 * appending, saving a checkpoint, reading and following; in some runs somebody else appends at that very moment. Every use goes on
 * where the one before ended, in one ledger, since making one costs more than using it.
 */
import { decodeLine, Projection } from "@waybill/ledger"
import {
  type Database,
  type DatabaseFault,
  type DatabaseFaultPlan,
  makeFaultyDatabase,
  makePostgresStoreOver,
  makeSqlPgDatabase,
} from "@waybill/ledger-store/postgres"
import { Effect, Exit, Redacted, Result, Schema, type Scope, Stream } from "effect"
import { expect, it } from "vitest"
import { needsPostgres, type TestServer } from "./postgres.ts"
import { collect, ledgerOver, Note, origin, textOf, write, written } from "./texts.ts"

const steps = [["one"], ["two", "three", "four"], ["five"], ["six"]] as const

const Counted = Projection.make({
  name: "counted",
  version: 1,
  reader: Note,
  entity: Schema.Int,
  key: (fact) => fact.job_id,
  evolve: (count) => (count ?? 0) + 1,
})

/** A way to fail. */
export interface Way {
  readonly name: string
  readonly fault: DatabaseFault
  /** How often in a row. */
  readonly times: number
  /** Whether somebody else appends whenever a fault strikes. */
  readonly hasRival: boolean
  /** Whether a caller may notice: it then does what a caller does, and tries again under the same condition. */
  readonly isNoticed: boolean
}

/** A caller who repeats what was not answered, and counts how often it had to. */
const insisting = () => {
  const caller = { repeated: 0 }
  const insist = <A, R>(attempt: Effect.Effect<A, unknown, R>) =>
    Effect.gen(function* () {
      for (let tries = 1; ; tries++) {
        const exit = yield* Effect.exit(attempt)
        if (Exit.isSuccess(exit)) return exit.value
        if (tries > 5) return yield* exit
        caller.repeated++
      }
    })
  return { caller, insist }
}

const textsOf = (k: number) => steps.map((texts) => texts.map((text) => `${k} ${text}`))

/** Opens a store; does not wait for a server, so that it may have to be repeated. */
const openOver = (database: Database, schema: string, insist: ReturnType<typeof insisting>["insist"]) =>
  insist(makePostgresStoreOver(database, { schema, poll_ms: 20, reading_connections_max: 1 }))

/** The whole use of a store above a position. Answers how often the caller had to repeat itself. */
const useStore = (database: Database, schema: string, isNoticed: boolean, k: number, start: number) =>
  Effect.gen(function* () {
    const { caller, insist } = insisting()
    const store = yield* openOver(database, schema, insist)
    const ledger = yield* insist(ledgerOver(store))
    caller.repeated = 0
    const said = textsOf(k)
    for (const [i, texts] of said.entries()) {
      const jobId = `job-${k}-${i}`
      const facts = texts.map((text) => written(jobId, text))
      // Who does not repeat itself needs no condition to be recorded once.
      const condition = isNoticed ? { expected: { [jobId]: 0 } } : {}
      yield* insist(ledger.append(facts, { ...origin(`req-${i}`), ...condition }))
    }
    yield* insist(ledger.saveCheckpoint(Counted))
    expect(yield* insist(ledger.query(Counted, (view) => view.get(`job-${k}-1`)))).toBe(3)
    const own = (yield* insist(collect(ledger.read({ after: start })))).filter(({ job_id }) =>
      job_id.startsWith("job-"),
    )
    expect(own.map(textOf)).toEqual(said.flat())
    const backwards = yield* insist(collect(Stream.take(ledger.readBackwards(), 6)))
    expect(backwards.map(({ position }) => position)[0]).toBeGreaterThanOrEqual(start + 6)
    expect((yield* insist(collect(ledger.readStream(`job-${k}-1`)))).map(textOf)).toEqual(said[1])
    yield* insist(store.waitBeyond(start + 4))
    return caller.repeated
  })

const databaseOf = ({ server }: TestServer): Database =>
  makeSqlPgDatabase({ url: Redacted.make(server().url), lock_wait_ms: 5_000, connect_wait_ms: 5_000 })

/** Declares a test that runs at every k until a run no longer gets that far, which takes at least so many runs. */
const atEveryK = (
  name: string,
  least: number,
  runs: () => Effect.Effect<(k: number) => Effect.Effect<boolean, unknown>, unknown, Scope.Scope>,
): void =>
  needsPostgres(it)(
    name,
    () =>
      Effect.runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            const run = yield* runs()
            for (let k = 1; ; k++) {
              if (yield* run(k)) continue
              expect(k).toBeGreaterThan(least)
              return
            }
          }),
        ),
      ),
    120_000,
  )

const testMaking = (test: TestServer, { fault, name, times }: Way): void =>
  atEveryK(`${name} while the schema is made: it is made once, and holds what is written then`, 15, () =>
    Effect.gen(function* () {
      const real = databaseOf(test)
      const auditor = yield* real.connect
      return (k) =>
        Effect.gen(function* () {
          const schema = test.freshSchema()
          let isReached = false
          const plan: DatabaseFaultPlan = (_operation, nth) => {
            if (nth < k || nth >= k + times) return undefined
            isReached = true
            return fault
          }
          const { insist } = insisting()
          const store = yield* openOver(makeFaultyDatabase(real, plan), schema, insist)
          const wasReached = isReached
          const ledger = yield* insist(ledgerOver(store))
          // Reads what an append asks, which may come upon the fault as well: nothing is written yet that could be there twice.
          yield* insist(ledger.saveDueCheckpoints)
          yield* write(ledger, "a", `${k} one`)
          const [versions, facts] = yield* auditor.run([
            { text: `SELECT version FROM ${schema}.waybill_schema` },
            { text: `SELECT position FROM ${schema}.facts` },
          ])
          expect([k, versions?.length, facts?.map(({ position }) => Number(position))]).toEqual([k, 1, [1]])
          return wasReached
        }).pipe(Effect.scoped)
    }),
  )

const testUse = (test: TestServer, { fault, hasRival, isNoticed, name, times }: Way): void =>
  atEveryK(`${name}: everything is there once, in its order${isNoticed ? "" : ", and nobody notices"}`, 20, () =>
    Effect.gen(function* () {
      const real = databaseOf(test)
      const auditor = yield* real.connect
      const schema = test.freshSchema()
      const rival = yield* Effect.flatMap(test.open(schema), ledgerOver)
      return (k) =>
        Effect.gen(function* () {
          const [rows] = yield* auditor.run([{ text: `SELECT position FROM ${schema}.head` }])
          const start = Number(rows?.[0]?.["position"])
          const rivals = { asked: new Array<string>(), acknowledged: new Array<string>() }
          let isReached = false
          const plan: DatabaseFaultPlan = (_operation, nth) => {
            if (nth < k || nth >= k + times) return undefined
            isReached = true
            if (hasRival) {
              const text = `rival ${k} ${rivals.asked.length}`
              rivals.asked.push(text)
              // At once when the head is free, else as soon as it is.
              Effect.runFork(
                Effect.ignore(Effect.map(write(rival, "rival", text), () => rivals.acknowledged.push(text))),
              )
            }
            return fault
          }
          const faulty = makeFaultyDatabase(real, plan)
          const repeated = yield* Effect.scoped(useStore(faulty, schema, isNoticed, k, start))
          // What the rival has begun is not cut off.
          if (hasRival) yield* write(rival, "rival", "last")
          if (!isNoticed) expect([k, repeated]).toEqual([k, 0])
          yield* audit(auditor, schema, k, start, rivals)
          return isReached
        })
    }),
  )

/** Declares the tests for each way to fail. */
export const testWays = (test: TestServer, ways: ReadonlyArray<Way>): void => {
  for (const way of ways) {
    // Who has a rival finds the schema made.
    if (!way.hasRival) testMaking(test, way)
    testUse(test, way)
  }
}

/** What a second pair of eyes finds above a position in the tables themselves. */
const audit = (
  auditor: Effect.Success<Database["connect"]>,
  schema: string,
  k: number,
  start: number,
  rivals: { readonly asked: ReadonlyArray<string>; readonly acknowledged: ReadonlyArray<string> },
): Effect.Effect<void, unknown> =>
  Effect.gen(function* () {
    const [rows = []] = yield* auditor.run([
      {
        text: `SELECT position, line FROM ${schema}.facts WHERE position > $1 ORDER BY position`,
        values: [BigInt(start)],
      },
    ])
    expect([k, rows.map(({ position }) => Number(position))]).toEqual([k, rows.map((_, i) => start + i + 1)])
    const texts = rows.map(({ line, position }) =>
      textOf({ ...Result.getOrThrow(decodeLine(String(line))), position: Number(position) }),
    )
    expect([k, texts.filter((text) => !/^(rival|last)/u.test(text))]).toEqual([k, textsOf(k).flat()])
    const others = texts.filter((text) => text.startsWith("rival"))
    // Each once; nobody waited for one of them before he asked for the next, so they have no order.
    expect([k, others.toSorted()]).toEqual([k, rivals.asked.filter((text) => others.includes(text)).toSorted()])
    expect([k, rivals.acknowledged.filter((text) => !others.includes(text))]).toEqual([k, []])
  })
