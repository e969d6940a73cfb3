/**
 * The whole use of a store under faults, tried at every k.
 *
 * Fault model: a run of database operations from the k-th on fails as `FaultyDatabase` says, over opening, appending, saving a
 * checkpoint, reading and following; in some runs somebody else appends at that very moment.
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
import { Effect, Exit, Redacted, Result, Schema, type Scope } from "effect"
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

/** The whole use of a store, by a caller who repeats what was not answered. Answers how often it had to. */
const useStore = (database: Database, schema: string, isNoticed: boolean) =>
  Effect.gen(function* () {
    let repeated = 0
    const insist = <A, R>(attempt: Effect.Effect<A, unknown, R>) =>
      Effect.gen(function* () {
        for (let tries = 1; ; tries++) {
          const exit = yield* Effect.exit(attempt)
          if (Exit.isSuccess(exit)) return exit.value
          if (tries > 5) return yield* exit
          repeated++
        }
      })
    // Opening does not wait for a server, so only what follows must get over a fault unnoticed.
    const store = yield* insist(makePostgresStoreOver(database, { schema, poll_ms: 20, reading_connections_max: 1 }))
    const ledger = yield* insist(ledgerOver(store))
    repeated = 0
    for (const [i, texts] of steps.entries()) {
      const jobId = `job-${i}`
      const facts = texts.map((text) => written(jobId, text))
      // Who does not repeat itself needs no condition to be recorded once.
      const condition = isNoticed ? { expected: { [jobId]: 0 } } : {}
      yield* insist(ledger.append(facts, { ...origin(`req-${i}`), ...condition }))
    }
    yield* insist(ledger.saveCheckpoint(Counted))
    expect(yield* insist(ledger.query(Counted, (view) => view.get("job-1")))).toBe(3)
    const own = (yield* insist(collect(ledger.read()))).filter(({ job_id }) => job_id.startsWith("job-"))
    expect(own.map(textOf)).toEqual(steps.flat())
    expect((yield* insist(collect(ledger.readBackwards()))).length).toBeGreaterThanOrEqual(6)
    expect((yield* insist(collect(ledger.readStream("job-1")))).map(textOf)).toEqual(steps[1])
    yield* insist(store.waitBeyond(4))
    return repeated
  })

/** Declares one test for each way to fail, which tries every k until a run no longer gets that far. */
export const testWays = ({ freshSchema, open, server }: TestServer, ways: ReadonlyArray<Way>): void => {
  for (const { fault, hasRival, isNoticed, name, times } of ways)
    needsPostgres(it)(
      `${name}: everything is there once, in its order${isNoticed ? "" : ", and nobody notices"}`,
      () =>
        Effect.runPromise(
          Effect.scoped(
            Effect.gen(function* () {
              const real = makeSqlPgDatabase({
                url: Redacted.make(server().url),
                lock_wait_ms: 5_000,
                connect_wait_ms: 5_000,
              })
              const auditor = yield* real.connect
              for (let k = 1; ; k++) {
                const schema = freshSchema()
                const rivals = { asked: new Array<string>(), acknowledged: new Array<string>() }
                let isReached = false
                const repeated = yield* Effect.scoped(
                  Effect.gen(function* () {
                    const rival = hasRival ? yield* Effect.flatMap(open(schema), ledgerOver) : undefined
                    const plan: DatabaseFaultPlan = (_operation, nth) => {
                      if (nth < k || nth >= k + times) return undefined
                      isReached = true
                      if (rival !== undefined) {
                        const text = `rival ${rivals.asked.length}`
                        rivals.asked.push(text)
                        // At once when the head is free, else as soon as it is.
                        Effect.runFork(
                          Effect.ignore(Effect.map(write(rival, "rival", text), () => rivals.acknowledged.push(text))),
                        )
                      }
                      return fault
                    }
                    const repeated = yield* useStore(makeFaultyDatabase(real, plan), schema, isNoticed)
                    // What the rival has begun is not cut off.
                    if (rival !== undefined) yield* write(rival, "rival", "last")
                    return repeated
                  }),
                )
                if (!isNoticed) expect([k, repeated]).toEqual([k, 0])
                yield* audit(auditor, schema, k, rivals)
                if (!isReached) {
                  expect(k).toBeGreaterThan(30)
                  return
                }
              }
            }),
          ),
        ),
      120_000,
    )
}

/** What a second pair of eyes finds in the tables themselves. */
const audit = (
  auditor: Effect.Success<Database["connect"]>,
  schema: string,
  k: number,
  rivals: { readonly asked: ReadonlyArray<string>; readonly acknowledged: ReadonlyArray<string> },
): Effect.Effect<void, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const [rows = []] = yield* auditor.run([
      { text: `SELECT position, line FROM ${schema}.facts ORDER BY position`, values: [] },
    ])
    expect([k, rows.map(({ position }) => Number(position))]).toEqual([k, rows.map((_, i) => i + 1)])
    const texts = rows.map(({ line, position }) =>
      textOf({ ...Result.getOrThrow(decodeLine(String(line))), position: Number(position) }),
    )
    expect([k, texts.filter((text) => !/^(rival|last)/u.test(text))]).toEqual([k, steps.flat()])
    const others = texts.filter((text) => text.startsWith("rival"))
    expect([k, others]).toEqual([k, rivals.asked.filter((text) => others.includes(text))])
    expect([k, rivals.acknowledged.filter((text) => !others.includes(text))]).toEqual([k, []])
  })
