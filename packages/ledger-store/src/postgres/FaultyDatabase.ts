/**
 * Faults on top of any database: the k-th operation fails.
 *
 * Fault model. Operations are connecting, each statement, and listening. `cut`: the connection is gone before the statement
 * reaches the server. `cutAfter`: the server has done it, and its answer is lost with the connection. `refuse`: the server
 * answers with this SQLSTATE instead of doing it, which also rolls back the transaction it is in. A connection that was cut
 * answers nothing any more, and what it had not committed is undone. Connecting can only be cut.
 *
 * @module
 */
import { Cause, Effect, Exit, Queue, Scope } from "effect"
import { type Connection, type Database, DatabaseError, type Row, type Statement } from "./Database.ts"

export type DatabaseFault =
  | { readonly kind: "cut" }
  | { readonly kind: "cutAfter" }
  | { readonly kind: "refuse"; readonly code: string }

/** Asked before each operation with its running number, counted from 1; `undefined` lets it pass. */
export type DatabaseFaultPlan = (operation: string, nth: number) => DatabaseFault | undefined

const cut = (when: string) => new DatabaseError({ failure: "cut", reason: `the connection was cut ${when}` })

/** Wraps a database. The counter goes on over all connections. */
export const makeFaultyDatabase = (inner: Database, plan: DatabaseFaultPlan): Database => {
  let count = 0
  const faultOf = (operation: string) => plan(operation, ++count)

  const connect = Effect.gen(function* () {
    if (faultOf("connect") !== undefined) return yield* cut("while connecting")
    const scope = yield* Scope.Scope
    const own = yield* Scope.fork(scope)
    const connection = yield* Scope.provide(inner.connect, own)
    const queues = new Set<Queue.Queue<string, DatabaseError>>()
    let isCut = false
    const cutNow = Effect.suspend(() => {
      isCut = true
      for (const queue of queues) Queue.failCauseUnsafe(queue, Cause.fail(cut("while listening")))
      return Scope.close(own, Exit.void)
    })

    const runOne = (statement: Statement): Effect.Effect<ReadonlyArray<Row>, DatabaseError> =>
      Effect.gen(function* () {
        const run = (asked: Statement) => Effect.map(connection.run([asked]), ([rows]) => rows ?? [])
        if (isCut) return yield* cut("before")
        const fault = faultOf(statement.text)
        switch (fault?.kind) {
          case undefined:
            return yield* run(statement)
          case "cut":
            yield* cutNow
            return yield* cut(`before ${statement.text}`)
          case "cutAfter":
            yield* run(statement)
            yield* cutNow
            return yield* cut(`after ${statement.text}`)
          case "refuse":
            return yield* run({
              text: `DO $$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '${fault.code}'; END $$`,
            })
        }
      })

    return {
      run: (statements) => Effect.forEach(statements, runOne),
      listen: (channel) =>
        Effect.gen(function* () {
          if (isCut) return yield* cut("before")
          if (faultOf(`LISTEN ${channel}`) !== undefined) {
            yield* cutNow
            return yield* cut("before LISTEN")
          }
          const inbox = yield* connection.listen(channel)
          const payloads = yield* Queue.unbounded<string, DatabaseError>()
          queues.add(payloads)
          yield* Effect.forkScoped(
            Effect.forever(Effect.flatMap(Queue.take(inbox), (payload) => Queue.offer(payloads, payload))).pipe(
              Effect.catch((error) => Queue.fail(payloads, error)),
            ),
          )
          return payloads
        }),
    } satisfies Connection
  })
  return { where: inner.where, connect }
}
