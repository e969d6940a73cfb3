/**
 * What the PostgreSQL store needs of a database: connections that run statements. A test puts another one in its place.
 *
 * @module
 */
import { Data, type Effect, type Queue, type Scope } from "effect"

/**
 * What a failure means for whoever asked:
 *
 * - `cut`: the connection is gone, or there was none; what was sent may or may not have been done
 * - `rolled_back`: the server gave the transaction up (a serialization failure, a deadlock); nothing of it was done
 * - `locked`: somebody else held the lock for too long
 * - `duplicate`: a key is taken
 * - `full`: the server's disk is full
 * - `denied`: who we are may not do this, or what it is done to is not there, not ours, or read-only
 * - `other`: anything else; asking again will not help
 */
export type DatabaseFailure = "cut" | "rolled_back" | "locked" | "duplicate" | "full" | "denied" | "other"

/** A statement or a connection that failed. The message never holds the password. */
export class DatabaseError extends Data.TaggedError("DatabaseError")<{
  readonly failure: DatabaseFailure
  readonly reason: string
  /** The SQLSTATE, where the server gave one. */
  readonly code?: string
  /** What to do about it. */
  readonly advice?: string
}> {
  override get message(): string {
    const said = this.code === undefined ? this.reason : `${this.reason} (SQLSTATE ${this.code})`
    return this.advice === undefined ? said : `${said}; ${this.advice}`
  }
}

export interface Statement {
  readonly text: string
  /** Values of `$1`, `$2`, …: texts, bigints, booleans, and arrays of them. */
  readonly values?: ReadonlyArray<unknown>
}

export type Row = Readonly<Record<string, unknown>>

export interface Connection {
  /**
   * Sends the statements at once and answers with the rows of each, in their order. After the first that fails nothing is
   * certain but the order; the effect fails with that one's error, once all of them are answered.
   */
  readonly run: (
    statements: ReadonlyArray<Statement>,
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<Row>>, DatabaseError>
  /** What is notified on a channel from now on. The queue fails when the connection is cut. */
  readonly listen: (channel: string) => Effect.Effect<Queue.Dequeue<string, DatabaseError>, DatabaseError, Scope.Scope>
}

export interface Database {
  /** For messages: host, port and database, never a secret. */
  readonly where: string
  /** A connection of one's own, closed with the scope; what was not committed by then is undone. */
  readonly connect: Effect.Effect<Connection, DatabaseError, Scope.Scope>
}
