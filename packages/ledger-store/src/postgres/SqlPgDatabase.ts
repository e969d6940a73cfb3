/**
 * The database port on Effect's own PostgreSQL client; the only file that knows it.
 *
 * @module
 */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import { Effect, Exit, Queue, Redacted, Result, type Scope } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { readAddress } from "./address.ts"
import { type Connection, type Database, DatabaseError, type DatabaseFailure, type Row } from "./Database.ts"

export interface SqlPgDatabaseOptions {
  /** `postgresql://user:password@host:port/database?sslmode=require`, as libpq takes it. */
  readonly url: Redacted.Redacted
  /** How long a statement may wait for a lock. */
  readonly lock_wait_ms: number
  /** How long connecting may take. */
  readonly connect_wait_ms: number
  /**
   * How much longer than a lock's wait a statement may take to be answered, before nobody is thought to be there; 15 seconds
   * by default.
   */
  readonly answer_wait_ms?: number
}

/** A page holds several lines, and one line may hold 16 MiB. */
const message_bytes_max = 256 * 1024 * 1024
/** A process that stops in the middle of a commit gives the lock back after this time. */
const idle_in_transaction_ms = 15_000

const failures: ReadonlyArray<readonly [codes: RegExp, failure: DatabaseFailure]> = [
  // Connections lost or refused for now; a server that shuts down, crashed, or is not up yet.
  [/^(08...|57P0[1-5]|25P0[34]|53300)$/u, "cut"],
  [/^(40...|57014)$/u, "rolled_back"],
  [/^55P03$/u, "locked"],
  [/^23505$/u, "duplicate"],
  [/^53100$/u, "full"],
  // Not let in, not there, or not what is expected: no such database, schema, table or right; tables of somebody else's.
  [/^(28...|3D...|3F...|42...|0A000|25006)$/u, "denied"],
]

const textOf = (value: unknown, key: string): string | undefined => {
  if (typeof value !== "object" || value === null || !(key in value)) return undefined
  const text: unknown = (value as Record<string, unknown>)[key]
  return typeof text === "string" && text !== "" ? text : undefined
}

const failureOf = (reason: SqlError["reason"], code: string | undefined): DatabaseFailure => {
  const byCode = code === undefined ? undefined : failures.find(([codes]) => codes.test(code))?.[1]
  if (byCode !== undefined) return byCode
  if (reason._tag === "ConnectionError") return "cut"
  return reason._tag === "AuthenticationError" ? "denied" : "other"
}

/**
 * What a statement of ours must be able to count on, whatever the server, the database or the role has for a default. Waits are
 * bounded by the lock's and by the answer's; a plan of a few rows is never worth compiling.
 */
const settings = `SELECT set_config('lock_timeout', $1, false), set_config('statement_timeout', '0', false),
  set_config('default_transaction_isolation', 'read committed', false),
  set_config('default_transaction_read_only', 'off', false), set_config('jit', 'off', false),
  set_config('idle_in_transaction_session_timeout', $2, false), set_config('idle_session_timeout', '0', false),
  set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
  set_config('tcp_keepalives_count', '3', false),
  CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END`

/** A database by its URL. Nothing is connected to before somebody asks. */
export const makeSqlPgDatabase = (options: SqlPgDatabaseOptions): Database => {
  const { answer_wait_ms = 15_000, connect_wait_ms, lock_wait_ms, url } = options
  const { refusal, secrets, where } = readAddress(Redacted.value(url))

  /** A message of our own making: the client's errors hold what it was configured with, the URL among it. */
  const told = ({ reason }: SqlError): DatabaseError => {
    const code = textOf(reason.cause, "code")
    const isState = code !== undefined && /^[0-9A-Z]{5}$/u.test(code)
    const detail = textOf(reason.cause, "detail")
    const isLocal = reason.message?.includes("URL") === true
    const said = isLocal ? reason.message : (textOf(reason.cause, "message") ?? reason.message)
    const whole = [said ?? reason._tag, ...(detail === undefined ? [] : [detail])].join(": ")
    // What the client does not understand, and a server that refuses to encrypt, stay so.
    const isRefused = isLocal || reason.message?.includes("refused TLS") === true
    return new DatabaseError({
      failure: isRefused ? "denied" : failureOf(reason, isState ? code : undefined),
      reason: secrets.reduce((text, secret) => text.replaceAll(secret, "***"), whole),
      ...(isState ? { code } : {}),
    })
  }
  const silent = new DatabaseError({ failure: "cut", reason: "the server did not answer in time" })

  const connectionOver = (session: PgConnection.PgConnection): Connection => {
    const query = (text: string, values: ReadonlyArray<unknown> = []) =>
      session.query(text, values).pipe(
        Effect.mapError(told),
        Effect.flatMap(({ command, rows }) =>
          // The server answers so when it had given the transaction up before.
          text === "COMMIT" && command === "ROLLBACK"
            ? Effect.fail(new DatabaseError({ failure: "rolled_back", reason: "the transaction was rolled back" }))
            : Effect.succeed<ReadonlyArray<Row>>(rows),
        ),
      )
    return {
      run: (statements) =>
        Effect.forEach(statements, ({ text, values }) => Effect.exit(query(text, values)), {
          concurrency: "unbounded",
        }).pipe(
          Effect.flatMap((exits) => Effect.fromResult(Result.all(exits.map(resultOf)))),
          Effect.interruptible,
          Effect.timeoutOrElse({ duration: lock_wait_ms + answer_wait_ms, orElse: () => Effect.fail(silent) }),
        ),
      listen: (channel) =>
        Effect.gen(function* () {
          const inbox = yield* Effect.mapError(session.listen(channel), told)
          const payloads = yield* Queue.unbounded<string, DatabaseError>()
          yield* Effect.forkScoped(
            Effect.forever(Effect.flatMap(Queue.take(inbox), ({ payload }) => Queue.offer(payloads, payload))).pipe(
              Effect.catch((error) => Queue.fail(payloads, told(error))),
            ),
          )
          return payloads
        }),
    }
  }

  const open = Effect.gen(function* () {
    const session = yield* PgConnection.make({
      url,
      connectTimeout: connect_wait_ms,
      keepAlive: "10 seconds",
      applicationName: "waybill",
      // Statements that are sent together go out together.
      multiplex: true,
      maxMessageSize: message_bytes_max,
    })
    yield* session.query(settings, [String(lock_wait_ms), String(idle_in_transaction_ms)])
    return connectionOver(session)
  }).pipe(Effect.mapError(told))

  const connect: Effect.Effect<Connection, DatabaseError, Scope.Scope> =
    refusal === undefined ? open : Effect.fail(new DatabaseError({ failure: "denied", reason: refusal }))
  return { where, connect }
}

const resultOf = <A>(exit: Exit.Exit<A, DatabaseError>): Result.Result<A, DatabaseError> =>
  Exit.isSuccess(exit)
    ? Result.succeed(exit.value)
    : Result.fail(
        exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error ??
          new DatabaseError({ failure: "cut", reason: "the statement was given up" }),
      )
