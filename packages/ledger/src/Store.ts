/**
 * The store port: what a place that keeps facts must be able to do. `Ledger.make` turns it into a ledger.
 *
 * A store keeps records in position order and makes them durable. It decides nothing, folds nothing and knows no
 * vocabulary.
 *
 * @module
 */
import type { Effect, Scope } from "effect"
import type { Checkpoint } from "./Checkpoint.ts"
import type { StoreError } from "./Errors.ts"
import type { RecordedEvent } from "./LedgerEvent.ts"

/** An event with its place, its id and its very line. */
export interface NewRecord {
  readonly event: RecordedEvent
  /** What `encodeLine` makes of the event; without the newline. */
  readonly line: string
}

/** Some events in position order. */
export interface Page {
  readonly events: ReadonlyArray<RecordedEvent>
  /** Changes when the past that was read before no longer holds (a lost tail was cut): every fold starts anew. */
  readonly generation: number
  /** The highest position the page covers: nothing at or below it will ever appear that the page does not show. */
  readonly covers: number
  /**
   * Where a store has it: to be called when the events are needed no more, so that the memory behind them can be used for the
   * next page. Whoever asks one of them for something afterwards gets a `TypeError`. It need not be called.
   */
  readonly release?: () => void
}

/** A damaged record: where it is and what is wrong with it. */
export interface CorruptRecord {
  readonly position: number
  /** The physical line, blank ones counted, over all files of the ledger. */
  readonly line_number: number
  readonly error: string
  /** The file that holds it, and the byte it begins at there, where a store keeps files. */
  readonly file?: string
  readonly offset?: number
  /** Whether a `ledger.repaired` fact names it: it stays what it is, but somebody has seen to it. */
  readonly isAcknowledged?: boolean
}

/** Damage that is not one record's: an archive that cannot be read, a seal that does not check, bytes that are gone. */
export interface Damage {
  /** The file it is in, below the ledger's folder. */
  readonly file: string
  readonly error: string
  /** The positions it concerns, both ends included, where that is known. */
  readonly positions?: readonly [first: number, last: number]
  readonly isAcknowledged?: boolean
}

/** A line behind the last complete record. It has no position: the next append cuts it off, or completes it. */
export type TornLine = Pick<CorruptRecord, "line_number" | "error">

/** How a store is. What a kind of store does not have (files, seals, a lock that tells its holder) is left out. */
export interface StoreHealth {
  readonly corrupt: ReadonlyArray<CorruptRecord>
  /** Bytes after the last complete record, left by a crash; mended before the next append. */
  readonly torn_bytes: number
  /**
   * The lines that those bytes hold, as far as they are not blank, where a store keeps lines. None while somebody is appending: they
   * may be the beginning of what he writes.
   */
  readonly torn?: ReadonlyArray<TornLine>
  readonly damage?: ReadonlyArray<Damage>
  /** Bytes of records that nothing guards against a flipped bit yet. */
  readonly unsealed_bytes?: number
  /** How many copies of damaged or torn bytes lie in quarantine. */
  readonly quarantined?: number
  /** Who appends at this moment. */
  readonly lock_holder?: string
}

/** The exclusive right to append, for as long as the body of `commit` runs. */
export interface Session {
  /** The position of the last record that can be read at this moment, corrupt ones included; 0 when there is none. */
  readonly head: number
  readonly generation: number
  /** Like {@link Store.readAfter}, under the lock. */
  readonly readAfter: (position: number, limit: number) => Effect.Effect<Page, StoreError>
  /** Like {@link Store.foldAfter}, under the lock. */
  readonly foldAfter?: (position: number, limit: number) => Effect.Effect<Page, StoreError>
  /**
   * Records the batches one after the other, each all or nothing, and returns once all of them are durable. Positions go on
   * from `head` without a gap. Called at most once per session.
   */
  readonly append: (batches: ReadonlyArray<ReadonlyArray<NewRecord>>) => Effect.Effect<void, StoreError>
  readonly saveCheckpoint: (checkpoint: Checkpoint) => Effect.Effect<void, StoreError>
  /**
   * `true` where others may append before this process has heard of it: as soon as the appended records are durable, as after a
   * database's commit, or all the while. Whoever asks meanwhile waits for the session's end instead of being told what was.
   */
  readonly endsWithAppend?: boolean
}

export interface Store {
  /** For messages: a path or a host, never a secret. */
  readonly where: string
  /**
   * Runs `body` while nobody else can append. When the store lost that right in the middle and others have appended since, so
   * that nothing of the run is recorded, it may run `body` again from its beginning.
   */
  readonly commit: <A, E>(body: (session: Session) => Effect.Effect<A, E>) => Effect.Effect<A, E | StoreError>
  /**
   * Like `commit`, where a store has a faster way for a `body` that does nothing but through its session: it may run before
   * the right to append is held. When others have appended since, nothing of the run is recorded and `body` runs again, so that
   * what is answered, a refusal too, rests on all that was recorded before some moment of the call.
   */
  readonly commitOptimistically?: Store["commit"]
  /**
   * At most `limit` records above `position`, in position order. Takes no lock and never writes. With `bytes_max`, a page ends
   * with the record whose line reaches so many bytes at the latest, where the store can tell.
   */
  readonly readAfter: (position: number, limit: number, bytes_max?: number) => Effect.Effect<Page, StoreError>
  /**
   * Like `readAfter`, for folding, where a store has a faster way: an event may decode its payload when it is first asked
   * for, lacks the mark of its batch, and is no plain data, so it must not be kept, spread or printed.
   */
  readonly foldAfter?: (position: number, limit: number) => Effect.Effect<Page, StoreError>
  /** At most `limit` records below `position`, the newest first. */
  readonly readBefore: (position: number, limit: number) => Effect.Effect<Page, StoreError>
  /** At most `limit` records of one job above `position`, `bytes_max` as in `readAfter`. Costs that job's records, not the ledger's. */
  readonly readStream: (
    jobId: string,
    position: number,
    limit: number,
    bytes_max?: number,
  ) => Effect.Effect<Page, StoreError>
  /** Returns when there may be records above `position` that another process appended. */
  readonly waitBeyond: (position: number) => Effect.Effect<void, StoreError>
  /**
   * Where a store has it: does what takes long of saving a checkpoint, while others append. Within the scope, the session's
   * `saveCheckpoint` of the very same object has little left to do.
   */
  readonly prepareCheckpoint?: (checkpoint: Checkpoint) => Effect.Effect<void, StoreError, Scope.Scope>
  readonly loadCheckpoint: (name: string) => Effect.Effect<Checkpoint | undefined, StoreError>
  readonly health: Effect.Effect<StoreHealth, StoreError>
}
