/**
 * Following a ledger: what this process records is handed to those who follow as it is, and read back only where somebody else
 * has recorded something in between, or a follower is behind.
 *
 * @module
 */
import { Deferred, Effect, Stream } from "effect"
import type { StoreError } from "./Errors.ts"
import type { RecordedEvent } from "./LedgerEvent.ts"
import { lastCovered, page_records_max, type Reading } from "./Reading.ts"
import type { NewRecord, Store } from "./Store.ts"

/** So much is kept for one who follows and takes it later; beyond it he reads the store. */
const kept_characters_max = 1_048_576

/**
 * Whoever was just told what this process recorded waits so long before he looks for what others have: under load the next
 * group comes first, and a look at the store costs more than telling it.
 */
const own_first_ms = 100

type Batches = ReadonlyArray<ReadonlyArray<NewRecord>>

/** What this process has recorded since somebody began to follow and he has not taken yet, without a gap. */
class Own {
  #events: Array<RecordedEvent> = []
  #characters = 0
  readonly #records_max: number
  readonly #characters_max: number
  /** The position of the last fact recorded here; 0 where there is none. */
  last = 0
  /** Done as soon as something more is recorded here. */
  changed = Deferred.makeUnsafe<void>()

  constructor({ page_bytes = kept_characters_max, page_records = page_records_max }: Reading) {
    this.#records_max = page_records
    this.#characters_max = page_bytes
  }

  record(batches: Batches): void {
    const first = batches[0]?.[0]?.event.position ?? 0
    // Somebody else stands in between: what was kept before is read with it.
    if (this.#events.at(-1)?.position !== first - 1) this.#forget()
    for (const records of batches)
      for (const { event, line } of records) {
        this.#events.push(event)
        this.#characters += line.length
        this.last = event.position
      }
    if (this.#events.length > this.#records_max || this.#characters > this.#characters_max) this.#forget()
    const before = this.changed
    this.changed = Deferred.makeUnsafe<void>()
    Deferred.doneUnsafe(before, Effect.void)
  }

  /** All events above a position, which are then kept no more; `undefined` where there are none, or one is missing. */
  takeAbove(position: number): ReadonlyArray<RecordedEvent> | undefined {
    const events = this.#events
    const [first] = events
    if (first === undefined || first.position > position + 1) return undefined
    this.#forget()
    const taken = first.position === position + 1 ? events : events.filter((event) => event.position > position)
    return taken.length === 0 ? undefined : taken
  }

  #forget(): void {
    this.#events = []
    this.#characters = 0
  }
}

export interface Tails {
  /** Tells those who follow what was recorded and is durable. */
  readonly recorded: (batches: Batches) => void
  readonly tail: (after: number, options: Reading) => Stream.Stream<RecordedEvent, StoreError>
}

interface At {
  readonly position: number
  /** Whether the last thing told was recorded here: then nothing is known of others, and nothing is read before there may be. */
  readonly isOwn: boolean
}

export const makeTails = (store: Store): Tails => {
  const following = new Set<Own>()

  const follow = (own: Own, after: number, { page_bytes, page_records = page_records_max }: Reading) =>
    Stream.unfold({ position: after, isOwn: false }, ({ isOwn, position }: At) =>
      Effect.suspend((): Effect.Effect<readonly [ReadonlyArray<RecordedEvent>, At], StoreError> => {
        // Before anything is looked at, so that nothing recorded in between goes unnoticed.
        const { changed } = own
        const told = own.takeAbove(position)
        if (told !== undefined)
          return Effect.succeed([told, { position: told.at(-1)?.position ?? position, isOwn: true }])
        const others = store.waitBeyond(position)
        if (isOwn && own.last <= position)
          return Effect.as(Effect.raceFirst(Deferred.await(changed), Effect.delay(others, own_first_ms)), [
            [],
            { position, isOwn: false },
          ])
        return store.readAfter(position, page_records, page_bytes).pipe(
          Effect.tap((page) =>
            lastCovered(page, position) > position ? Effect.void : Effect.raceFirst(Deferred.await(changed), others),
          ),
          Effect.map((page) => [page.events, { position: lastCovered(page, position), isOwn: false }] as const),
        )
      }),
    ).pipe(Stream.flattenIterable)

  return {
    recorded: (batches) => {
      for (const own of following) own.record(batches)
    },
    tail: (after, options) =>
      Stream.unwrap(
        Effect.map(
          Effect.acquireRelease(
            Effect.sync(() => {
              const own = new Own(options)
              following.add(own)
              return own
            }),
            (own) => Effect.sync(() => following.delete(own)),
          ),
          (own) => follow(own, after, options),
        ),
      ),
  }
}
