/**
 * The folds a running ledger keeps up to date, each from its projection's first use on.
 *
 * @module
 */
import { Effect, Result } from "effect"
import * as Checkpoint from "./Checkpoint.ts"
import type { StoreError } from "./Errors.ts"
import type { RecordedFact } from "./Fact.ts"
import { type Branch, Fold } from "./Fold.ts"
import { sameEvent } from "./Foldable.ts"
import type { RecordedEvent } from "./LedgerEvent.ts"
import type { Projection } from "./Projection.ts"
import type { Session, Store } from "./Store.ts"

type AnyFact = RecordedFact<string, unknown>
export type AnyProjection = Projection<unknown, AnyFact>
type AnyFold = Fold<unknown, AnyFact>
/** Where events to fold come from: a store, or a session of it. */
type Source = Pick<Store, "readAfter" | "foldAfter">

/** How many records are read at a time while catching up: enough to amortise the call, little enough to stay responsive. */
const page_records = 4096

/** A projection under its erased type. Sound because a fold is only ever looked up by the projection that made it. */
export const erase = <E, F extends AnyFact>(projection: Projection<E, F>): AnyProjection => projection

/** Speculative state on top of the live folds, for one group of appends. */
export interface Branches {
  readonly of: (projection: AnyProjection) => Branch<unknown, AnyFact>
  readonly apply: (event: RecordedEvent) => void
  /** The events have become durable: every fold takes them over. */
  readonly merge: () => void
}

/**
 * A fold is saved once so many events are new to it, and so many for each of its entities, so that saving costs each event little.
 * Where it could not be saved, it is tried again a while later and not with every append, since a save that fails may cost what
 * one that works does.
 */
const unsaved_events_min = 4096
const unsaved_events_per_entity = 2
/** The same at the ledger's end, when nobody waits; an entity is read in about the time in which one event of it is folded. */
const left_events_per_entity = 1.5

interface Saves {
  /** The position that the fold was saved at, or resumed from. */
  readonly saved: number
  /** The position that it stood at when it was last to be saved, whether that worked or not. */
  readonly tried: number
}
const savedAt = (position: number): Saves => ({ saved: position, tried: position })

/** A fold as it stood at a moment, to be saved. */
export interface Taken {
  readonly projection: AnyProjection
  readonly checkpoint: Checkpoint.Checkpoint
  /** What was read had this one: a checkpoint of a past that holds no longer is none. */
  readonly generation: number | undefined
}

export class LiveFolds {
  readonly #store: Store
  readonly #saves = new Map<AnyProjection, Saves>()
  readonly #folds = new Map<AnyProjection, AnyFold>()
  #generation: number | undefined
  /** The session of a group, from its catching up until its end: nobody else can append meanwhile. */
  under: Session | undefined

  constructor(store: Store) {
    this.#store = store
  }

  has(projection: AnyProjection): boolean {
    return this.#folds.has(projection)
  }

  get(projection: AnyProjection): AnyFold {
    const fold = this.#folds.get(projection)
    if (fold === undefined) throw new TypeError(`the projection ${projection.name} is not folded in this ledger`)
    return fold
  }

  /** The lowest position that any fold stands at. */
  get position(): number {
    let lowest = Number.MAX_SAFE_INTEGER
    for (const fold of this.#folds.values()) lowest = Math.min(lowest, fold.position)
    return lowest === Number.MAX_SAFE_INTEGER ? 0 : lowest
  }

  /** Starts to fold a projection, from its checkpoint where there is one that fits. The fold is not caught up yet. */
  readonly add = (projection: AnyProjection): Effect.Effect<void, StoreError> =>
    Effect.gen({ self: this }, function* () {
      if (this.has(projection)) return
      const saved = yield* this.#store.loadCheckpoint(projection.name)
      const resumed = saved === undefined ? undefined : Checkpoint.resume(projection, saved)
      const isUsable =
        resumed !== undefined && Result.isSuccess(resumed) && (yield* this.#isOfThisLedger(resumed.success))
      const fold = isUsable ? resumed.success : new Fold(projection)
      if (this.has(projection)) return
      this.#folds.set(projection, fold)
      this.#saves.set(projection, savedAt(fold.position))
    })

  #isDue(projection: AnyProjection, fold: AnyFold, perEntity = unsaved_events_per_entity): boolean {
    const { saved, tried } = this.#saves.get(projection) ?? savedAt(0)
    const { position, size } = fold
    const isUntried = tried === saved || position - tried >= Math.max(unsaved_events_min, size)
    return isUntried && position - saved >= Math.max(unsaved_events_min, size * perEntity)
  }

  /** Whether any fold has moved on far enough for a checkpoint. */
  get isAnyDue(): boolean {
    for (const [projection, fold] of this.#folds) if (this.#isDue(projection, fold)) return true
    return false
  }

  /** One fold as it stands now. What is folded must be durable. */
  take(projection: AnyProjection): Taken {
    return { projection, checkpoint: Checkpoint.take(this.get(projection)), generation: this.#generation }
  }

  /** The folds that have moved on far enough, so that they are saved and the next process need not fold from zero. */
  takeDue(when: "while appending" | "at the end" = "while appending"): ReadonlyArray<Taken> {
    const taken: Array<Taken> = []
    for (const [projection, fold] of this.#folds) {
      if (!this.#isDue(projection, fold, when === "at the end" ? left_events_per_entity : undefined)) continue
      this.#saves.set(projection, { saved: this.#saves.get(projection)?.saved ?? 0, tried: fold.position })
      taken.push(this.take(projection))
    }
    return taken
  }

  /** It has been saved, as of the past that was read then. */
  keep({ checkpoint, generation, projection }: Taken): void {
    if (generation === this.#generation) this.#saves.set(projection, savedAt(checkpoint.state.position))
  }

  /** Whether the event that a saved fold ends with is still where it was. */
  readonly #isOfThisLedger = (fold: AnyFold): Effect.Effect<boolean, StoreError> =>
    Effect.gen({ self: this }, function* () {
      if (fold.position === 0) return true
      const page = yield* this.#store.readAfter(fold.position - 1, 1)
      const [event] = page.events
      if (event === undefined || fold.lastEvent === undefined || !sameEvent(event, fold.lastEvent)) return false
      // What is read from here on must be of the same past.
      this.#generation ??= page.generation
      return this.#generation === page.generation
    })

  /** Whether there is nothing above what is folded: a look at where the records end spares reading them. */
  isCaughtUp({ generation, head }: Pick<Session, "generation" | "head">): boolean {
    return this.#generation === generation && this.position >= head
  }

  /**
   * Whether the folds hold all that anybody can read. What the group has appended can be read before it is answered, as while it is
   * sealed: until it is folded, they do not.
   */
  get isComplete(): boolean {
    return this.under !== undefined && this.isCaughtUp(this.under)
  }

  /** Folds whatever lies above, page by page, until nothing more is covered. */
  readonly catchUp: (source: Source) => Effect.Effect<void, StoreError> = Effect.fnUntraced(
    { self: this },
    function* (source: Source) {
      let from = this.position
      for (;;) {
        const page = yield* (source.foldAfter ?? source.readAfter)(from, page_records)
        if (this.#generation !== undefined && this.#generation !== page.generation) {
          this.#generation = page.generation
          for (const projection of this.#folds.keys()) {
            this.#folds.set(projection, new Fold(projection))
            this.#saves.set(projection, savedAt(0))
          }
          from = 0
          continue
        }
        this.#generation = page.generation
        for (const fold of this.#folds.values()) fold.applyAll(page.events)
        const next = page.events.at(-1)?.position ?? page.covers
        if (page.release !== undefined) {
          for (const fold of this.#folds.values()) fold.keepLast()
          page.release()
        }
        if (next <= from) return
        from = next
      }
    },
  )

  branch(): Branches {
    const branches = new Map<AnyFold, Branch<unknown, AnyFact>>()
    const events: Array<RecordedEvent> = []
    const of = (projection: AnyProjection) => {
      const fold = this.get(projection)
      let branch = branches.get(fold)
      if (branch === undefined) {
        branch = fold.branch()
        branch.applyAll(events)
        branches.set(fold, branch)
      }
      return branch
    }
    const apply = (event: RecordedEvent) => {
      events.push(event)
      for (const branch of branches.values()) branch.apply(event)
    }
    const merge = () => {
      for (const fold of this.#folds.values()) {
        const branch = branches.get(fold)
        if (branch === undefined) fold.applyAll(events)
        else branch.merge()
      }
    }
    return { of, apply, merge }
  }
}
