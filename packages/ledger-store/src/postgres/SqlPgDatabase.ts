/**
 * The database port on Effect's own PostgreSQL client; the only file that knows it.
 *
 * @module
 */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import { Effect, Exit, Queue, Redacted, Result, Scope } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { readFile } from "node:fs/promises"
import { readAddress } from "./address.ts"
import type { Target } from "./addressParameters.ts"
import { type Connection, type Database, DatabaseError, type Row, type Statement } from "./Database.ts"
import { type Deadline, makeDeadline } from "./Deadline.ts"
import { isUntrusted, type Thrown, whatIsWrong } from "./whatIsWrong.ts"

export interface SqlPgDatabaseOptions {
  /** `postgresql://user:password@host:port/database?sslmode=require`, as libpq takes it. */
  readonly url: Redacted.Redacted
  /** How long a statement may wait for a lock. */
  readonly lock_wait_ms: number
  /** How long connecting may take, where the URL does not say. */
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

const textOf = (value: unknown, key: string): string | undefined => {
  if (typeof value !== "object" || value === null || !(key in value)) return undefined
  const text: unknown = (value as Record<string, unknown>)[key]
  return typeof text === "string" && text !== "" ? text : undefined
}

/** What was thrown, as far as it says what is wrong. The client's own texts come behind those of what made it fail. */
const thrownBy = ({ reason }: SqlError): Thrown => ({
  code: textOf(reason.cause, "code"),
  message: [textOf(reason.cause, "message"), reason.message].filter((text) => text !== undefined).join(": "),
  isConnecting: reason.operation === "connect",
})

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
  CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END,
  pg_is_in_recovery() AS is_standby`

/** The files that an address names, read at each connection, since certificates are renewed. */
const readPem = (name: string, path: string): Effect.Effect<string, DatabaseError> =>
  Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: () =>
      new DatabaseError({ failure: "denied", reason: `the file that ${name} names cannot be read: ${path}` }),
  })

const checkedTls = ({ ca_file, certificate_file, key_file, tls_version_min }: Target) =>
  Effect.gen(function* () {
    return {
      // Also where the environment switches the check off for the whole process.
      rejectUnauthorized: true,
      ...(tls_version_min === undefined ? {} : { minVersion: tls_version_min }),
      ...(ca_file === undefined ? {} : { ca: yield* readPem("sslrootcert", ca_file) }),
      ...(certificate_file === undefined ? {} : { cert: yield* readPem("sslcert", certificate_file) }),
      ...(key_file === undefined ? {} : { key: yield* readPem("sslkey", key_file) }),
    }
  })

/** A database by its URL. Nothing is connected to before somebody asks. */
export const makeSqlPgDatabase = (options: SqlPgDatabaseOptions): Database => {
  const { answer_wait_ms = 15_000, connect_wait_ms, lock_wait_ms, url } = options
  const { secrets, target, where } = readAddress(Redacted.value(url))

  /** A message of our own making: the client's errors hold what it was configured with, the URL among it. */
  const told = (error: SqlError): DatabaseError => {
    const { reason } = error
    const thrown = thrownBy(error)
    const wrong = whatIsWrong(thrown)
    const isState = thrown.code !== undefined && /^[0-9A-Z]{5}$/u.test(thrown.code)
    const detail = textOf(reason.cause, "detail")
    const said = wrong?.reason ?? textOf(reason.cause, "message") ?? reason.message ?? reason._tag
    const whole = [said, ...(detail === undefined ? [] : [detail])].join(": ")
    return new DatabaseError({
      failure: wrong?.failure ?? (reason._tag === "ConnectionError" ? "cut" : "other"),
      reason: secrets.reduce((text, secret) => text.replaceAll(secret, "***"), whole),
      ...(isState ? { code: thrown.code } : {}),
      ...(wrong?.advice === undefined ? {} : { advice: wrong.advice }),
    })
  }
  const silent = new DatabaseError({ failure: "cut", reason: "the server did not answer in time" })

  const connectionOver = (session: PgConnection.PgConnection, deadline: Deadline): Connection => {
    const query = ({ text, values = [] }: Statement) =>
      session.query(text, values).pipe(
        Effect.mapError((error) => (deadline.isOver ? silent : told(error))),
        Effect.flatMap(({ command, rows }) =>
          // The server answers so when it had given the transaction up before.
          text === "COMMIT" && command === "ROLLBACK"
            ? Effect.fail(new DatabaseError({ failure: "rolled_back", reason: "the transaction was rolled back" }))
            : Effect.succeed<ReadonlyArray<Row>>(rows),
        ),
      )
    return {
      run: (statements) => {
        const [only] = statements
        // Most are sent alone, and need no fiber of their own.
        if (only !== undefined && statements.length === 1)
          return deadline.keep(Effect.map(query(only), (rows) => [rows]))
        return deadline.keep(
          Effect.forEach(statements, (statement) => Effect.exit(query(statement)), { concurrency: "unbounded" }).pipe(
            Effect.flatMap((exits) => Effect.fromResult(Result.all(exits.map(resultOf)))),
          ),
        )
      },
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

  const open = (at: Target) =>
    Effect.gen(function* () {
      const {
        application_name,
        connect_wait_ms: asked_wait_ms,
        database,
        host,
        options: startup,
        password,
        port,
        user,
      } = at
      const config: PgConnection.Config = {
        host,
        port,
        ...(database === undefined ? {} : { database }),
        ...(user === undefined ? {} : { username: user }),
        ...(password === undefined ? {} : { password: Redacted.make(password) }),
        ...(startup === undefined ? {} : { startupOptions: startup }),
        connectTimeout: asked_wait_ms ?? connect_wait_ms,
        keepAlive: "10 seconds",
        applicationName: application_name ?? "waybill",
        // Statements that are sent together go out together.
        multiplex: true,
        maxMessageSize: message_bytes_max,
      }
      const connectWith = (ssl: Partial<PgConnection.Config>) => PgConnection.make({ ...config, ...ssl })
      const encrypted = {
        never: Effect.mapError(connectWith({ ssl: false }), told),
        // The client has this by a URL alone. Whoever it is gets the facts, as with libpq: plain text would not be better.
        "if offered": connectWith({ url: Redacted.make("postgresql://localhost/?sslmode=prefer") }).pipe(
          Effect.catchIf(
            (error) => isUntrusted(thrownBy(error)),
            () => connectWith({ ssl: { rejectUnauthorized: false } }),
          ),
          Effect.mapError(told),
        ),
        checked: Effect.flatMap(checkedTls(at), (ssl) => Effect.mapError(connectWith({ ssl }), told)),
      }
      // Of its own, so that it can be closed when the server does not answer.
      const own = yield* Scope.fork(yield* Effect.scope)
      const session = yield* Scope.provide(encrypted[at.encryption], own)
      const { rows } = yield* session
        .query(settings, [String(lock_wait_ms), String(idle_in_transaction_ms)])
        .pipe(Effect.mapError(told))
      if (at.role !== undefined && (rows[0]?.["is_standby"] === true) !== (at.role === "standby"))
        // While a primary is replaced its name may lead to a standby for a while.
        return yield* new DatabaseError({
          failure: "cut",
          reason: `the server is ${at.role === "standby" ? "no standby" : "a standby"}, and target_session_attrs asks for a ${at.role}`,
        })
      return connectionOver(session, yield* makeDeadline(lock_wait_ms + answer_wait_ms, Scope.close(own, Exit.void)))
    })

  const connect: Effect.Effect<Connection, DatabaseError, Scope.Scope> =
    "refusal" in target ? Effect.fail(new DatabaseError({ failure: "denied", reason: target.refusal })) : open(target)
  return { where, connect }
}

const resultOf = <A>(exit: Exit.Exit<A, DatabaseError>): Result.Result<A, DatabaseError> =>
  Exit.isSuccess(exit)
    ? Result.succeed(exit.value)
    : Result.fail(
        exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error ??
          new DatabaseError({ failure: "cut", reason: "the statement was given up" }),
      )
