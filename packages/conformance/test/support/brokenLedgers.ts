/** Ledgers over a sound store that are wrong on purpose, each in one way. */
import type { MakePlace, Place } from "@waybill/conformance"
import { Ledger, type LedgerShape } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Clock, Effect, Stream } from "effect"
import type { Broken } from "./brokenStores.ts"

const over = (ledger: NonNullable<Place["ledger"]>): MakePlace =>
  Effect.map(makeMemoryStore(), (store) => ({ open: Effect.succeed(store), ledger }))

/** A sound ledger, changed. */
const changed = (change: (inner: LedgerShape) => Partial<LedgerShape>): MakePlace =>
  over((store, vocabularies) =>
    Effect.map(Ledger.make(store, vocabularies), (inner) => ({ ...inner, ...change(inner) })),
  )

/** The recorded facts of a request, for those who think that it names an append. */
const recordedUnder = (inner: LedgerShape, requestId: string) =>
  Stream.runCollect(Stream.filter(inner.read(), ({ request_id }) => request_id === requestId))

const byRequestAlone = (inner: LedgerShape): Partial<LedgerShape> => {
  const append = (facts: Parameters<LedgerShape["append"]>[0], options: Parameters<LedgerShape["append"]>[1]) =>
    inner
      .append(facts, options)
      .pipe(
        Effect.catchTag("Conflict", (conflict) =>
          Effect.flatMap(recordedUnder(inner, options.requestId), (events) =>
            events.length === facts.length ? Effect.succeed(events) : Effect.fail(conflict),
          ),
        ),
      )
  return { append: append as LedgerShape["append"] }
}

const factByFact = (inner: LedgerShape): Partial<LedgerShape> => {
  const append = (facts: Parameters<LedgerShape["append"]>[0], options: Parameters<LedgerShape["append"]>[1]) =>
    Effect.map(
      Effect.forEach(facts, (fact) => inner.append([fact], options)),
      (all) => all.flat(),
    )
  return { append: append as LedgerShape["append"] }
}

export const brokenLedgers: ReadonlyArray<Broken> = [
  { name: "appends a batch fact by fact", law: "STORE-02", place: changed(factByFact) },
  {
    name: "checks no condition",
    law: "STORE-03",
    place: changed(({ append }) => ({ append: (facts, { actor, requestId }) => append(facts, { actor, requestId }) })),
  },
  {
    name: "checks no unique key",
    law: "STORE-04",
    place: over((store, vocabularies) =>
      Ledger.make(
        store,
        vocabularies.map((vocabulary) => ({ ...vocabulary, uniqueOf: () => undefined })),
      ),
    ),
  },
  { name: "takes an append for a retry by its request id alone", law: "STORE-05", place: changed(byRequestAlone) },
  {
    name: "answers questions from what it knew a moment ago",
    law: "STORE-23",
    place: changed(({ query }) => {
      let known: { readonly until_ms: number; readonly answer: unknown } | undefined
      return {
        query: (projection, ask) =>
          Effect.gen(function* () {
            const now_ms = yield* Clock.currentTimeMillis
            if (known !== undefined && now_ms < known.until_ms) return known.answer as ReturnType<typeof ask>
            const answer = yield* query(projection, ask)
            known = { until_ms: now_ms + 20, answer }
            return answer
          }),
      }
    }),
  },
]
