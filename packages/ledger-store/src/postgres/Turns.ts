/**
 * The right to append: one transaction that holds the head's row, on a connection of its own.
 *
 * A commit whose answer is lost is looked up, not guessed: whoever holds the head again knows that the transaction before has
 * ended, one way or the other, and what it recorded stands at its positions or does not.
 *
 * @module
 */
import { type NewRecord, StorePoisoned } from "@waybill/ledger"
import { Effect, Exit, Scope } from "effect"
import { type Connection, type Database, DatabaseError, type Row, type Statement } from "./Database.ts"
import { passes, persist } from "./failures.ts"
import { begin, commit, rollback, type Statements } from "./statements.ts"

/** A server that goes away each time in the middle of the look-up is not waited for for ever. */
const look_up_tries_max = 5

/** How much of what others appended is fetched together with the head. */
const tail_records = 1_024

/** One holder's time with the head. */
export interface Turn {
  readonly head: number
  /** The first rows above a position, where the head's answer brought them along. */
  readonly tail: { readonly after: number; readonly rows: ReadonlyArray<Row> } | undefined
  /** Reads in the transaction. Fails when the connection is cut; the turn may still append. */
  readonly read: (statement: Statement) => Effect.Effect<ReadonlyArray<Row>, DatabaseError>
  /** Records and commits. Gets over cuts and rollbacks, unless somebody else has appended in the meantime. */
  readonly append: (records: ReadonlyArray<NewRecord>) => Effect.Effect<void, DatabaseError | StorePoisoned>
  /** Whether somebody else was faster after a cut: nothing was recorded, and what was decided must be decided anew. */
  readonly isOutdone: () => boolean
  /** Gives the head back, if appending has not. */
  readonly end: Effect.Effect<void>
}

export interface TurnsOptions {
  /** For how long a server that is gone is waited for. */
  readonly patience_ms: number
  readonly mark: () => number
  /** Told the head that the lock answered with, and the mark from before it was asked for. */
  readonly notice: (row: Row, mark: number) => number
}

export interface Turns {
  /** Waits for the head. Not for two at a time: the connection is one. */
  readonly take: Effect.Effect<Turn, DatabaseError>
}

interface Held extends Pick<Turn, "head" | "tail"> {
  readonly connection: Connection
}

export const makeTurns = (
  database: Database,
  statements: Statements,
  { mark, notice, patience_ms }: TurnsOptions,
): Effect.Effect<Turns, never, Scope.Scope> =>
  Effect.gen(function* () {
    const poisoned = (cause: unknown) => new StorePoisoned({ where: database.where, cause })
    let open: { readonly connection: Connection; readonly scope: Scope.Closeable } | undefined

    /** Where the turn before left the head, and whether others have moved it since: then they will do so again. */
    let left = 0
    let hasOthers = false

    const drop = Effect.suspend(() => {
      const dropped = open
      open = undefined
      return dropped === undefined ? Effect.void : Scope.close(dropped.scope, Exit.void)
    })
    yield* Effect.addFinalizer(() => drop)
    /** A connection on which anything went wrong may hold half a transaction: it is not used again. */
    const dropping = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> => Effect.onError(effect, () => drop)

    const connect = Effect.gen(function* () {
      if (open !== undefined) return open.connection
      const scope = yield* Scope.make()
      const connection = yield* Scope.provide(database.connect, scope).pipe(
        Effect.onError(() => Scope.close(scope, Exit.void)),
      )
      open = { connection, scope }
      return connection
    })

    const lock: Effect.Effect<Held, DatabaseError> = persist(
      patience_ms,
      dropping(
        Effect.gen(function* () {
          const connection = yield* connect
          const since = mark()
          const after = left
          // A statement of its own, since what the lock's statement sees is from before it waited.
          const reading = hasOthers ? [statements.readAfter(after, tail_records)] : []
          const [, [row] = [], rows] = yield* connection.run([begin, statements.lockHead, ...reading])
          if (row === undefined)
            return yield* new DatabaseError({ failure: "denied", reason: "the schema holds no head; restore it" })
          const head = notice(row, since)
          hasOthers = head !== after
          left = head
          return { connection, head, tail: rows === undefined ? undefined : { after, rows } }
        }),
      ),
    )

    /** Whether what was to be recorded stands there, to the byte. */
    const isRecorded = ({ connection, head }: Held, records: ReadonlyArray<NewRecord>) =>
      Effect.gen(function* () {
        const ends = [records.at(0), records.at(-1)].filter((record) => record !== undefined)
        if (ends.some(({ event }) => event.position > head)) return false
        const found = yield* connection.run(ends.map(({ event }) => statements.readAfter(event.position - 1, 1)))
        return ends.every(({ line }, i) => found[i]?.[0]?.["line"] === line)
      })

    const turnOf = (first: Held): Turn => {
      let held: Held | undefined = first
      let hasEnded = false
      let isOutdone = false
      const lost = new DatabaseError({ failure: "cut", reason: "the connection that held the head is gone" })

      /** Lets go of the connection if it fails, not of the turn. */
      const run = (asked: ReadonlyArray<Statement>) =>
        Effect.suspend(() => {
          if (held === undefined) return Effect.fail(lost)
          const { connection } = held
          return dropping(connection.run(asked)).pipe(
            Effect.onError(() =>
              Effect.sync(() => {
                held = undefined
              }),
            ),
          )
        })
      const undo = Effect.ignore(run([rollback]))

      /** Takes the head once more: what was sent was recorded, or can be sent again, or somebody else was faster. */
      const lookUp = (records: ReadonlyArray<NewRecord>) =>
        Effect.gen(function* () {
          const again = yield* lock
          held = again
          if (yield* dropping(isRecorded(again, records))) return true
          if (again.head === first.head) return false
          isOutdone = true
          return yield* poisoned(lost)
        })

      const append = (records: ReadonlyArray<NewRecord>): Effect.Effect<void, DatabaseError | StorePoisoned> =>
        Effect.gen(function* () {
          for (let lookUps = 0; ; lookUps++) {
            if (held !== undefined) {
              const sent = yield* Effect.result(run([statements.append(first.head, records), commit]))
              if (sent._tag === "Success") {
                left = first.head + records.length
                return
              }
              if (!passes(sent.failure)) return yield* sent.failure
            }
            const found = yield* Effect.result(lookUp(records))
            if (found._tag === "Failure") {
              held = undefined
              if (found.failure._tag === "StorePoisoned") return yield* Effect.andThen(drop, Effect.fail(found.failure))
              if (!passes(found.failure) || lookUps >= look_up_tries_max) return yield* poisoned(found.failure)
            } else if (found.success) {
              return yield* undo
            }
          }
        })

      return {
        head: first.head,
        tail: first.tail,
        read: (statement) => Effect.map(run([statement]), ([rows]) => rows ?? []),
        append: (records) =>
          Effect.suspend(() => {
            hasEnded = true
            return append(records)
          }),
        isOutdone: () => isOutdone,
        end: Effect.suspend(() => (hasEnded ? Effect.void : undo)),
      }
    }

    return { take: Effect.map(lock, turnOf) }
  })
