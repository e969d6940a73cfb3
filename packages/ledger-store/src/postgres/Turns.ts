/**
 * The right to append, on a connection of its own.
 *
 * Where others append too, a turn is one transaction that holds the head's row from its beginning. Where the head stood still
 * since this process moved it, a turn takes it to stand there: what is decided is recorded by one statement that takes the
 * head and does nothing when it stands elsewhere, and a turn that records nothing looks at the head before its answer counts.
 * Either way who records holds the head's row until the commit, and never twice in a row does a process hope in vain. Who has met
 * others keeps them waiting for some commits ({@link Hold}), and takes the head to stand still as long.
 *
 * A commit whose answer is lost is looked up, not guessed: whoever holds the head again finds what was recorded at its
 * positions, or finds others there, or finds nothing and sends it again. What is still under way by then does nothing any more,
 * because the head has moved.
 *
 * @module
 */
import { type NewRecord, StorePoisoned } from "@waybill/ledger"
import { Effect, Exit, Scope } from "effect"
import { type Connection, type Database, DatabaseError, type Row, type Statement } from "./Database.ts"
import { astray, headless, passes, type Patience } from "./failures.ts"
import { makeHold } from "./Hold.ts"
import { begin, commit, type Head, rollback, type Statements } from "./statements.ts"

/** A server that goes away each time in the middle of the look-up is not waited for for ever. */
const look_up_tries_max = 5

/** How much of what others appended is fetched together with the head. */
const tail_records = 1_024

/** How many turns must have met nobody before one hopes to meet nobody again. */
const quiet_turns_min = 1

/** One holder's time with the head. */
export interface Turn {
  readonly head: number
  /** The first rows above a position, where the head's answer brought them along. */
  readonly tail: { readonly after: number; readonly rows: ReadonlyArray<Row> } | undefined
  /** Reads in the transaction. Fails when the connection is cut; the turn may still append. */
  readonly read: (statement: Statement) => Effect.Effect<ReadonlyArray<Row>, DatabaseError>
  /** Records and commits. Gets over cuts and rollbacks, unless somebody else has appended in the meantime. */
  readonly append: (records: ReadonlyArray<NewRecord>) => Effect.Effect<void, DatabaseError | StorePoisoned>
  /**
   * Whether somebody else was faster: nothing was recorded, and what was decided must be decided anew. Asked once, after all
   * that was to be done in the turn.
   */
  readonly isOutdone: Effect.Effect<boolean>
  /** Gives the head back, if appending has not, and lets others come. */
  readonly end: Effect.Effect<void>
  /** Whether something is held that must be given back at the end. */
  readonly isHeld: boolean
}

export interface TurnsOptions {
  /** How a server that is gone is waited for. */
  readonly patience: Patience
  readonly mark: () => number
  /** Told the head that the lock answered with, and the mark from before it was asked for. */
  readonly notice: (row: Row, mark: number) => number
}

/** One turn at a time: the connection is one. */
export interface Turns {
  /** Waits for the head. */
  readonly take: Effect.Effect<Turn, DatabaseError>
  /** Takes the head to stand where it stood, where that may be hoped. */
  readonly presume: () => Turn | undefined
}

interface Held extends Pick<Turn, "tail"> {
  readonly head: Head
  readonly connection: Connection
  /** Whether the head's row is locked, and a transaction open. */
  readonly isLocked: boolean
}

const headOf = (row: Row): Head => ({ position: Number(row["head"]), ledgerId: String(row["ledger_id"]) })

const lost = new DatabaseError({ failure: "cut", reason: "the connection that held the head is gone" })

export const makeTurns = (
  database: Database,
  statements: Statements,
  { mark, notice, patience }: TurnsOptions,
): Effect.Effect<Turns, never, Scope.Scope> =>
  Effect.gen(function* () {
    const poisoned = (cause: DatabaseError) =>
      new StorePoisoned({
        where: database.where,
        cause,
        reason: `whether the last append was recorded is not known, because its answer was lost and could not be looked up: ${cause.message}. Append again under the same condition: what is there already is recognised`,
      })
    let open: { readonly connection: Connection; readonly scope: Scope.Closeable } | undefined

    /** Where the turn before left the head. */
    let left: Head = { position: 0, ledgerId: "" }
    /** How many turns in a row found the head where the one before had left it; `undefined` before the first. */
    let quiet: number | undefined
    /** Whether the head had been moved by others when it was last locked. */
    let hasMet = false

    const hold = yield* makeHold(statements, (connection) =>
      Effect.suspend(() => (open?.connection === connection ? drop : Effect.void)),
    )
    const drop = Effect.suspend(() => {
      const dropped = open
      open = undefined
      hold.forget()
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

    /** Where the last record stands, once the head is locked; `undefined` where the rows that came along end before it. */
    const lastRecord = ({ run }: Connection, rows: ReadonlyArray<Row> | undefined, head: number) =>
      Effect.gen(function* () {
        const last = rows?.at(-1)
        if (last === undefined || last["position"] === null) {
          const [[ends] = []] = yield* run([statements.ends])
          return ends === undefined ? yield* headless : Number(ends["last"])
        }
        const isAll = rows?.length === Number(last["found"]) && Number(last["found"]) < tail_records
        return isAll || Number(last["position"]) > head ? Number(last["position"]) : undefined
      })

    const lock: Effect.Effect<Held, DatabaseError> = patience.persist(
      dropping(
        Effect.gen(function* () {
          const connection = yield* connect
          const since = mark()
          const { ledgerId, position: after } = left
          // A statement of its own, since what the lock's statement sees is from before it waited.
          const reading = quiet === 0 ? [statements.readAfter(after, tail_records)] : []
          const { take } = hold
          const answers = yield* connection.run([...take, begin, statements.lockHead, ...reading])
          const [, [row] = [], rows] = answers.slice(take.length)
          if (row === undefined) return yield* headless
          yield* hold.begin(connection)
          notice(row, since)
          const head = headOf(row)
          const isSame = head.position === after && head.ledgerId === ledgerId
          quiet = isSame ? (quiet ?? 0) + 1 : 0
          hasMet = !isSame && ledgerId !== ""
          const last = isSame ? head.position : yield* lastRecord(connection, rows, head.position)
          if (last !== undefined && last !== head.position) return yield* astray(head.position, last)
          left = head
          return { connection, head, isLocked: true, tail: rows === undefined ? undefined : { after, rows } }
        }),
      ),
    )

    /** Whoever else was there is known by the head that reading has seen, or by having been met. */
    const presume = (): Held | undefined =>
      open === undefined || quiet === undefined || (quiet < quiet_turns_min && !hold.isHeld) || mark() > left.position
        ? undefined
        : { connection: open.connection, head: left, isLocked: false, tail: undefined }

    /** Whether what was to be recorded stands there, to the byte. */
    const isRecorded = ({ connection, head }: Held, records: ReadonlyArray<NewRecord>) =>
      Effect.gen(function* () {
        const ends = [records.at(0), records.at(-1)].filter((record) => record !== undefined)
        if (ends.some(({ event }) => event.position > head.position)) return false
        const found = yield* connection.run(ends.map(({ event }) => statements.readAfter(event.position - 1, 1)))
        return ends.every(({ line }, i) => found[i]?.[0]?.["line"] === line)
      })

    const turnOf = (first: Held): Turn => {
      let held: Held | undefined = first
      let hasEnded = false
      let isOutdone = false

      /** Lets go of the connection if it fails, not of the turn. */
      const run = (asked: ReadonlyArray<Statement>) =>
        Effect.suspend(() => {
          if (held === undefined) return Effect.fail(lost)
          return Effect.onError(held.connection.run(asked), () => {
            held = undefined
            return drop
          })
        })
      const undo = Effect.suspend(() =>
        held?.isLocked === true
          ? Effect.ignore(Effect.flatMap(hold.giveWith(!hasMet), (give) => run([rollback, ...give])))
          : Effect.void,
      )
      const outdone = Effect.suspend(() => {
        isOutdone = true
        quiet = 0
        return Effect.fail(poisoned(lost))
      })

      /** Takes the head once more: what was sent was recorded, or can be sent again, or somebody else was faster. */
      const lookUp = (records: ReadonlyArray<NewRecord>) =>
        Effect.gen(function* () {
          const again = yield* lock
          held = again
          if (yield* dropping(isRecorded(again, records))) return true
          if (again.head.position === first.head.position && again.head.ledgerId === first.head.ledgerId) return false
          return yield* outdone
        })

      type Appending = Effect.Effect<void, DatabaseError | StorePoisoned>

      const send = (records: ReadonlyArray<NewRecord>, lookUps: number): Appending => {
        if (held === undefined) return recover(records, lookUps)
        const recording = [statements.append(first.head, records), ...(held.isLocked ? [commit] : [])]
        const sent = hold.isHeld
          ? Effect.flatMap(hold.giveWith(!hasMet), (give) => run([...recording, ...give]))
          : run(recording)
        return Effect.matchEffect(sent, {
          onSuccess: ([moved]) => {
            if (moved?.length !== 1) return outdone
            left = { ...first.head, position: first.head.position + records.length }
            return Effect.void
          },
          onFailure: (failure): Appending => {
            if (passes(failure)) return recover(records, lookUps)
            // What was sent before without an answer may still be done, if it was not under the lock.
            return Effect.fail(lookUps > 0 ? poisoned(failure) : failure)
          },
        })
      }

      const recover = (records: ReadonlyArray<NewRecord>, lookUps: number): Appending =>
        Effect.matchEffect(lookUp(records), {
          onSuccess: (isThere) => (isThere ? undo : send(records, lookUps + 1)),
          onFailure: (failure): Appending => {
            held = undefined
            if (failure._tag === "StorePoisoned") return Effect.andThen(drop, Effect.fail(failure))
            if (!passes(failure) || lookUps >= look_up_tries_max) return Effect.fail(poisoned(failure))
            return recover(records, lookUps + 1)
          },
        })

      /** Nothing was recorded: what was answered holds if the head stands where it was taken to stand. */
      const hasMoved = Effect.gen(function* () {
        if (first.isLocked) return false
        const since = mark()
        const seen = yield* Effect.result(run([statements.readHead]))
        const row = seen._tag === "Success" ? seen.success[0]?.[0] : undefined
        const head = row === undefined ? undefined : headOf(row)
        if (head?.position === first.head.position && head.ledgerId === first.head.ledgerId) return false
        if (row !== undefined) notice(row, since)
        quiet = 0
        return true
      })

      return {
        head: first.head.position,
        tail: first.tail,
        read: (statement) => Effect.map(run([statement]), ([rows]) => rows ?? []),
        append: (records) =>
          Effect.suspend(() => {
            hasEnded = true
            return send(records, 0)
          }),
        isOutdone: Effect.suspend(() => (hasEnded ? Effect.succeed(isOutdone) : hasMoved)),
        end: Effect.suspend(() => (hasEnded ? hold.rest : Effect.andThen(undo, hold.rest))),
        isHeld: first.isLocked || hold.isHeld,
      }
    }

    return {
      take: Effect.suspend(() => {
        hold.touch()
        return Effect.map(lock, turnOf)
      }),
      presume: () => {
        hold.touch()
        const presumed = presume()
        return presumed === undefined ? undefined : turnOf(presumed)
      },
    }
  })
