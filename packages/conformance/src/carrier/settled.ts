/**
 * A history as the laws of settlement see it: what each fact says, and what the projection makes of it.
 *
 * @module
 */
import { Fold, isRecordedFact, type RecordedEvent } from "@waybill/ledger"
import { Effect } from "effect"
import { holds, type Violation } from "../Law.ts"
import { firstOf, forHostile, forPlausible, type History, type Subject } from "./property.ts"
import type { Said, Settlement } from "./Settlement.ts"

/** One fact and what it says. */
export interface Statement {
  readonly id: string
  readonly job: string
  readonly position: number
  readonly said: Said
}

/** A key of the projection after some events, and everything that its job's facts have said up to then. */
export interface Situation {
  readonly key: string
  readonly entity: unknown
  /** What it was before; `undefined` for the first. */
  readonly previous: unknown
  readonly statements: ReadonlyArray<Statement>
}

/** Calls `check` with each entity after each event that changed it. */
export const eachSituation = (
  { projection, says }: Settlement,
  events: ReadonlyArray<RecordedEvent>,
  check: (situation: Situation) => Violation | undefined,
): Violation | undefined => {
  const fold = new Fold(projection)
  const statements: Array<Statement> = []
  const before = new Map<string, unknown>()
  return firstOf(events, (event) => {
    fold.apply(event)
    const { reader } = projection
    const fact = reader.owns(event.event_type) ? reader.decode(event) : undefined
    const said = isRecordedFact(fact) ? says(fact) : undefined
    if (said !== undefined) statements.push({ id: event.event_id, job: event.job_id, position: event.position, said })
    return firstOf(fold.entries(), ([key, entity]) => {
      if (before.get(key) === entity) return undefined
      const previous = before.get(key)
      before.set(key, entity)
      return check({ key, entity, previous, statements: statements.filter(({ job }) => job === key) })
    })
  })
}

export const needsSettlement = ({ carrier }: Subject): string | undefined =>
  carrier.settlement === undefined ? "it says nothing of settlement" : undefined

/** Looks at plausible histories, which come far, and at hostile ones. Fails when no history shows what the law is about. */
export const forSettlements = (
  subject: Subject,
  what: string,
  check: (
    situation: Situation,
    settlement: Settlement,
  ) => { readonly wrong?: Violation | undefined; readonly isShown: boolean },
): Effect.Effect<void, Violation> =>
  Effect.suspend(() => {
    const { settlement } = subject.carrier
    if (settlement === undefined) return Effect.void
    let shown = 0
    const look = ({ events }: History) =>
      eachSituation(settlement, events, (situation) => {
        const { isShown, wrong } = check(situation, settlement)
        if (isShown) shown++
        return wrong
      })
    return Effect.all(
      [
        forPlausible(subject, look),
        // A verdict is a long way off, and the mistake has to meet it.
        forHostile({ ...subject, runs: subject.runs * 3 }, look),
        Effect.suspend(() => holds(`some history has ${what}`, shown > 0, shown)),
      ],
      { discard: true },
    )
  })
