import { type Files, layerNodeFiles, mapFiles } from "@waybill/host"
import { Ledger, type LedgerShape, Vocabulary } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { Effect, Exit, type Layer, Schema, Scope } from "effect"

const Step = Vocabulary.make("step", {
  done: { payload: Schema.Struct({ n: Schema.Int, note: Schema.String }) },
})
/** Brings a line to the length of a queue's typical event. */
const note = "x".repeat(200)

/** Who appends how much to which root. */
export interface Appends {
  readonly root: string
  readonly writers: number
  readonly facts: number
  readonly name: string
}

export interface Appended {
  readonly facts: number
  /** The bytes of each write to the ledger's file, in order. */
  readonly pieces: ReadonlyArray<number>
  /** How long the appends took, without opening the store, in ms. */
  readonly ms: number
}

/** The file system, and what is written to the ledger's file through it. */
const watched = (pieces: Array<number>): Layer.Layer<Files> =>
  mapFiles(layerNodeFiles, (file) =>
    file.path.endsWith("ledger.jsonl")
      ? {
          ...file,
          write: (bytes, offset) => {
            pieces.push(bytes.byteLength)
            return file.write(bytes, offset)
          },
        }
      : file,
  )

/** Writers append one fact after the other, each waiting for the answer to the last; answers how long all of them took, in ms. */
const write = (ledger: LedgerShape, { facts, name, writers }: Omit<Appends, "root">) =>
  Effect.suspend(() => {
    const started = performance.now()
    const append = (writer: string, n: number) =>
      ledger.append([Step.facts.done.makeOrThrow(writer, { n, note })], {
        actor: "bench",
        requestId: `req-${writer}-${n}`,
      })
    const all = Effect.forEach(
      Array.from({ length: writers }, (_, i) => i),
      (writer) =>
        Effect.gen(function* () {
          for (let n = 0; n < facts / writers; n++) yield* append(`${name}-${writer}`, n)
        }),
      { concurrency: "unbounded", discard: true },
    )
    return Effect.map(all, () => performance.now() - started)
  })

export interface Opened {
  /** Appends as {@link appendFacts} does; answers how long it took, in ms. */
  readonly append: (appends: Omit<Appends, "root">) => Promise<number>
  readonly close: () => Promise<void>
}

/** Opens a ledger whose past has been learnt, and of which what was folded has been saved, as one that is used has been. */
export const openForAppends = async (root: string): Promise<Opened> => {
  const scope = await Effect.runPromise(Scope.make())
  const ledger = await Effect.gen(function* () {
    const opened = yield* Ledger.make(yield* makeJsonlStore({ root }), [Step])
    yield* write(opened, { facts: 1, name: "first", writers: 1 })
    yield* opened.saveDueCheckpoints
    return opened
  }).pipe(Scope.provide(scope), Effect.provide(layerNodeFiles), Effect.runPromise)
  return {
    append: (appends) => Effect.runPromise(write(ledger, appends)),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void)),
  }
}

/** Appends to a ledger that is opened for it. */
export const appendFacts = ({ root, ...appends }: Appends): Promise<Appended> => {
  const pieces: Array<number> = []
  return Effect.gen(function* () {
    const ledger = yield* Ledger.make(yield* makeJsonlStore({ root }), [Step])
    const ms = yield* write(ledger, appends)
    return { facts: Math.ceil(appends.facts / appends.writers) * appends.writers, pieces, ms }
  }).pipe(Effect.scoped, Effect.provide(watched(pieces)), Effect.runPromise)
}
