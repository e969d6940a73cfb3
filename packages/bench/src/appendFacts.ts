import { type Files, layerNodeFiles, mapFiles } from "@waybill/host"
import { Ledger, Vocabulary } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { Effect, type Layer, Schema } from "effect"

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
  /** Whether one more append is answered before the time begins: the first learns what is there. */
  readonly isOpened?: boolean
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

/** Writers in this process append one fact after the other, each waiting for the answer to the last. */
export const appendFacts = ({ facts, isOpened = false, name, root, writers }: Appends): Promise<Appended> => {
  const pieces: Array<number> = []
  return Effect.gen(function* () {
    const ledger = yield* Ledger.make(yield* makeJsonlStore({ root }), [Step])
    const append = (writer: string, n: number) =>
      ledger.append([Step.facts.done.makeOrThrow(writer, { n, note })], {
        actor: "bench",
        requestId: `req-${writer}-${n}`,
      })
    if (isOpened) yield* append(`${name}-first`, 0)
    const started = performance.now()
    yield* Effect.forEach(
      Array.from({ length: writers }, (_, i) => i),
      (writer) =>
        Effect.gen(function* () {
          for (let n = 0; n < facts / writers; n++) yield* append(`${name}-${writer}`, n)
        }),
      { concurrency: "unbounded", discard: true },
    )
    return { facts: Math.ceil(facts / writers) * writers, pieces, ms: performance.now() - started }
  }).pipe(Effect.scoped, Effect.provide(watched(pieces)), Effect.runPromise)
}
