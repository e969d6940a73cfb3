/**
 * Who was told what: every answer that a process got is kept outside of all processes, and must be true for ever.
 *
 * @module
 */
import type { Ledger, LedgerShape, RecordedFact } from "@waybill/ledger"
import { Effect } from "effect"

type AnyFact = RecordedFact<string, unknown>

/** What a client was told of its job. */
export type Told =
  | { readonly kind: "submitted"; readonly who: string; readonly job_id: string; readonly key: string }
  | { readonly kind: "ended"; readonly who: string; readonly job_id: string }
  | { readonly kind: "status"; readonly who: string; readonly job_id: string; readonly status: string }

export class Witness {
  /** Acknowledged facts by position, each with who was told first. */
  readonly facts = new Map<number, { readonly who: string; readonly fact: AnyFact }>()
  readonly told: Array<Told> = []
  /** What was seen to be wrong at once. */
  readonly faults: Array<string> = []
  /** The highest position that anybody was answered. */
  head = 0

  acknowledged(who: string, facts: ReadonlyArray<AnyFact>): void {
    for (const fact of facts) {
      const known = this.facts.get(fact.position)
      if (known === undefined) this.facts.set(fact.position, { who, fact })
      else if (known.fact.event_id !== fact.event_id)
        this.faults.push(
          `${who} was told ${fact.event_id} and ${known.who} ${known.fact.event_id}, both at ${fact.position}`,
        )
      this.head = Math.max(this.head, fact.position)
    }
  }

  /** A question that began when `head` was answered has to know of it. */
  answered(who: string, head: number, position: number): void {
    if (position < head) this.faults.push(`${who} asked after ${head} was answered, and saw up to ${position}`)
  }
}

/** The same ledger, with everything that it answers witnessed. */
export const witnessed = (ledger: LedgerShape, witness: Witness, who: string): Ledger["Service"] => ({
  ...ledger,
  append: (facts, options) =>
    Effect.tap(ledger.append(facts, options), (recorded) =>
      Effect.sync(() => witness.acknowledged(who, recorded as ReadonlyArray<AnyFact>)),
    ),
  transact: (decider, command, origin) =>
    Effect.tap(ledger.transact(decider, command, origin), (recorded) =>
      Effect.sync(() => witness.acknowledged(who, recorded as ReadonlyArray<AnyFact>)),
    ),
  transactAll: (steps, origin) =>
    Effect.tap(ledger.transactAll(steps, origin), (recorded) =>
      Effect.sync(() => witness.acknowledged(who, (recorded as ReadonlyArray<ReadonlyArray<AnyFact>>).flat())),
    ),
  query: (projection, ask) =>
    Effect.suspend(() => {
      const { head } = witness
      return ledger.query(projection, (view) => {
        witness.answered(who, head, view.position)
        return ask(view)
      })
    }),
})
