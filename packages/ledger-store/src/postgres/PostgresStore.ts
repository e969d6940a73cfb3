/**
 * A store in PostgreSQL, for when one machine is not enough.
 *
 * Who appends holds the head's row from before the positions are written until the commit, so the order of commits is the order
 * of positions and no reader can go past a fact that is not committed yet. Readers take no lock.
 *
 * @module
 */
import {
  Checkpoint,
  type NewRecord,
  type Page,
  type Session,
  type Store,
  type StoreError,
  StoreLocked,
  StoreRefused,
} from "@waybill/ledger"
import { Effect, Exit, Pool, type Redacted, Scope, Semaphore } from "effect"
import type { Connection, Database, DatabaseError, Row, Statement } from "./Database.ts"
import { headless, makePatience, storeError } from "./failures.ts"
import { makePages } from "./Pages.ts"
import { type Missing, prepareSchema, refuseSchemaName } from "./schema.ts"
import { makeSqlPgDatabase } from "./SqlPgDatabase.ts"
import { begin, commit, makeStatements, partsOf } from "./statements.ts"
import { makeTail } from "./Tail.ts"
import { makeTurns, type Turn } from "./Turns.ts"

export interface PostgresStoreOptions {
  /** `postgresql://user:password@host:port/database`, as libpq takes it; redacted, because it holds a password. */
  readonly url: Redacted.Redacted
  /** The schema that holds this one ledger; `waybill` by default. Made when it is not there. */
  readonly schema?: string
  /** How long an append waits for other processes to let go; 30 seconds by default. */
  readonly lock_wait_ms?: number
  /** How long a server that is gone is waited for before a call fails; 10 seconds by default. Opening does not wait. */
  readonly patience_ms?: number
  /** How often a follower looks whether it missed a notification; every second by default. */
  readonly poll_ms?: number
  /** How many connections reading may take, besides one to append and one to follow; 4 by default. */
  readonly reading_connections_max?: number
  /** Whether a schema that holds no ledger is made, as by default, or refused: who only reads has no use for a new one. */
  readonly missing?: Missing
}

/** How often a commit is decided anew because its connection was cut and somebody else was faster. */
const runs_max = 10

export type PostgresStoreSettings = Omit<PostgresStoreOptions, "url">

const said = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise)

/**
 * Opens the ledger of a schema, making the schema or bringing it up to date where it must be. Fails with `StoreUnavailable`
 * when the server cannot be reached and with `StoreRefused` when it may not be used: wrong password, missing right, a
 * server that is too old, a schema made by a newer Waybill. No error ever holds the password.
 */
export const makePostgresStore = (options: PostgresStoreOptions): Effect.Effect<Store, StoreError, Scope.Scope> => {
  const { url, ...settings } = options
  const { lock_wait_ms = 30_000 } = settings
  return makePostgresStoreOver(makeSqlPgDatabase({ url, lock_wait_ms, connect_wait_ms: 10_000 }), settings)
}

/**
 * A scope that ends when the one around it comes to it. What is forked into a scope that has begun to close never runs, and
 * connections are made by forks: whoever ends before the store, such as a ledger that saves what it folded, may still need one.
 */
const scopeWithin = Effect.acquireRelease(Scope.make(), (scope, exit) => Scope.close(scope, exit))

/** The same over any database; how long a lock is waited for is that database's business. */
export const makePostgresStoreOver = (
  database: Database,
  settings: PostgresStoreSettings = {},
): Effect.Effect<Store, StoreError, Scope.Scope> =>
  Effect.flatMap(scopeWithin, (scope) =>
    // What a failed opening leaves is not kept until the scope around it ends, in which it may be tried again and again.
    Effect.onExit(Scope.provide(makeWithin(database, settings), scope), (exit) =>
      Exit.isSuccess(exit) ? Effect.void : Scope.close(scope, exit),
    ),
  )

const makeWithin = (
  database: Database,
  settings: PostgresStoreSettings,
): Effect.Effect<Store, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const { patience_ms = 10_000, poll_ms = 1_000, reading_connections_max = 4, schema = "waybill" } = settings
    const where = `${database.where}, schema ${schema}`
    const badName = refuseSchemaName(schema)
    if (badName !== undefined) return yield* new StoreRefused({ where: database.where, reason: badName })
    const told = <A>(effect: Effect.Effect<A, DatabaseError | StoreError>): Effect.Effect<A, StoreError> =>
      Effect.catchTag(effect, "DatabaseError", (error) => Effect.fail(storeError(where, error)))

    const statements = makeStatements(schema)
    const patience = makePatience(patience_ms)
    const pages = makePages()
    const appending = yield* Semaphore.make(1)
    const readers = yield* Pool.makeWithTTL({
      acquire: database.connect,
      min: 0,
      max: reading_connections_max,
      timeToLive: "1 minute",
    })

    const onConnection = <A, E>(use: (connection: Connection) => Effect.Effect<A, E>) =>
      Effect.scoped(
        Effect.flatMap(Pool.get(readers), (connection) =>
          Effect.onError(use(connection), () => Pool.invalidate(readers, connection)),
        ),
      )
    yield* told(onConnection((connection) => prepareSchema(connection, schema, where, settings.missing)))

    /** For what changes nothing when it is done twice: tried again until it goes well or patience is over. */
    const runAgain = (asked: ReadonlyArray<Statement>) => patience.persist(onConnection(({ run }) => run(asked)))
    const ask = (statement: Statement) => Effect.map(runAgain([statement]), ([rows]) => rows ?? [])
    const readPage = (
      statement: Statement,
      covers: "last" | "head if all" | "head",
      limit: number,
      rows: (statement: Statement) => Effect.Effect<ReadonlyArray<Row>, DatabaseError> = ask,
    ): Effect.Effect<Page, StoreError> =>
      told(
        Effect.suspend(() => {
          const { mark } = pages
          return Effect.flatMap(rows(statement), (found) =>
            found.length === 0 ? headless : Effect.succeed(pages.page(found, mark, covers, limit)),
          )
        }),
      )
    const readHead = Effect.flatMap(ask(statements.readHead), ([row]) =>
      row === undefined ? headless : Effect.succeed(Number(row["head"])),
    )

    const tail = yield* makeTail(database, { channel: statements.channel, poll_ms, readHead })
    const turns = yield* makeTurns(database, statements, {
      patience,
      notice: pages.notice,
      mark: () => pages.mark,
    })

    const holder = Effect.map(ask(statements.holder), ([row]) =>
      row === undefined
        ? undefined
        : `${said(row["name"], "a process")} on ${said(row["client"], "the server's machine")} (server process ${Number(row["pid"])})`,
    )

    const take = told(turns.take).pipe(
      Effect.catchTag("StoreLocked", (locked) =>
        Effect.flatMap(Effect.result(holder), (named) =>
          Effect.fail(
            named._tag === "Success" && named.success !== undefined
              ? new StoreLocked({ where, holder: named.success })
              : locked,
          ),
        ),
      ),
    )

    const refuse = (reason: string) => new StoreRefused({ where, reason })

    const append = (turn: Turn, records: ReadonlyArray<NewRecord>): Effect.Effect<void, StoreError> => {
      let next = turn.head
      for (const { event } of records) {
        next++
        if (event.position !== next)
          return Effect.fail(
            refuse(`${event.event_id} is meant for position ${event.position}, but the next is ${next}`),
          )
      }
      return records.length > 0 ? told(turn.append(records)) : Effect.void
    }

    /** The rows of those that are about to be saved. */
    const prepared = new WeakMap<Checkpoint.Checkpoint, ReadonlyArray<string>>()
    const partsOfCheckpoint = Effect.fnUntraced(function* (checkpoint: Checkpoint.Checkpoint) {
      const known = prepared.get(checkpoint)
      if (known !== undefined) return known
      const parts: Array<string> = []
      for (const part of partsOf(Checkpoint.piecesOf(checkpoint))) {
        if (part !== undefined) parts.push(...part)
        yield* Effect.yieldNow
      }
      return parts
    })

    const sessionOf = (turn: Turn): Session => ({
      head: turn.head,
      generation: pages.generation,
      endsWithAppend: true,
      readAfter: (position, limit) => {
        // Nobody else appends, so that there is nothing to ask for.
        if (position >= turn.head)
          return Effect.succeed({ events: [], covers: turn.head, generation: pages.generation })
        if (turn.tail?.after === position && turn.tail.rows.length <= limit) {
          const { rows } = turn.tail
          return Effect.sync(() => pages.page(rows, 0, "last", limit))
        }
        // What is not above the head is committed, and other connections read it too.
        const inTurn = (statement: Statement) => Effect.catch(turn.read(statement), () => ask(statement))
        return readPage(statements.readAfter(position, limit), "last", limit, inTurn)
      },
      // Given up halfway, nobody would know what became of it.
      append: (batches) => Effect.uninterruptible(append(turn, batches.flat())),
      // On a connection of its own, so that it is durable at once, like an append.
      saveCheckpoint: (checkpoint) =>
        told(
          Effect.asVoid(
            Effect.flatMap(partsOfCheckpoint(checkpoint), (parts) =>
              runAgain([begin, ...statements.saveCheckpoint(checkpoint.name, parts), commit]),
            ),
          ),
        ),
    })

    const runIn = <A, E>(turn: Turn, body: (session: Session) => Effect.Effect<A, E>) =>
      Effect.flatMap(Effect.result(body(sessionOf(turn))), (result) =>
        Effect.map(turn.isOutdone, (isOutdone) => ({ result, isOutdone })),
      )
    const takeAndRun = <A, E>(
      body: (session: Session) => Effect.Effect<A, E>,
      runs = 1,
    ): Effect.Effect<A, E | StoreError> =>
      Effect.flatMap(
        Effect.acquireUseRelease(
          Effect.interruptible(take),
          (turn) => runIn(turn, body),
          (turn) => turn.end,
        ),
        ({ isOutdone, result }) =>
          isOutdone && runs < runs_max ? takeAndRun(body, runs + 1) : Effect.fromResult(result),
      )
    const presumeAndRun: Store["commit"] = (body) =>
      Effect.suspend(() => {
        const turn = turns.presume()
        if (turn === undefined) return takeAndRun(body)
        const running = runIn(turn, body)
        return Effect.flatMap(turn.isHeld ? Effect.ensuring(running, turn.end) : running, ({ isOutdone, result }) =>
          isOutdone ? takeAndRun(body) : Effect.fromResult(result),
        )
      })

    return {
      where,
      commit: (body) => appending.withPermit(takeAndRun(body)),
      commitOptimistically: (body) => appending.withPermit(presumeAndRun(body)),
      readAfter: (position, limit) => readPage(statements.readAfter(position, limit), "last", limit),
      readBefore: (position, limit) => readPage(statements.readBefore(position, limit), "head", limit),
      readStream: (jobId, position, limit) =>
        readPage(statements.readStream(jobId, position, limit), "head if all", limit),
      waitBeyond: (position) => told(tail.waitBeyond(position)),
      prepareCheckpoint: (checkpoint) =>
        Effect.acquireRelease(
          Effect.map(partsOfCheckpoint(checkpoint), (parts) => prepared.set(checkpoint, parts)),
          () => Effect.sync(() => prepared.delete(checkpoint)),
          { interruptible: true },
        ),
      loadCheckpoint: (name) =>
        told(
          Effect.map(ask(statements.loadCheckpoint(name)), (rows) => {
            const reader = new Checkpoint.CheckpointReader()
            try {
              for (const row of rows) reader.push(String(row["body"]))
            } catch {
              // It is a copy of what the ledger says; without it the ledger is folded anew.
              return undefined
            }
            return reader.checkpoint
          }),
        ),
      health: told(
        Effect.gen(function* () {
          const [row] = yield* ask(statements.ends)
          if (row === undefined) return yield* headless
          const [head, last] = [Number(row["head"]), Number(row["last"])]
          const lock_holder = yield* holder
          const error = `its head stands at ${head}, its last record at ${last}: somebody wrote past the ledger`
          return {
            corrupt: pages.corrupt,
            torn_bytes: 0,
            damage: head === last ? [] : [{ file: `${schema}.head`, error }],
            ...(lock_holder === undefined ? {} : { lock_holder }),
          }
        }),
      ),
    } satisfies Store
  })
