import { layerNodeFiles } from "@waybill/host"
import { encodeLine, type RecordedEvent, type Store } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { Effect } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A root of its own for one benchmark, below the system's folder for temporary files. */
export const makeRoot = (): Promise<string> => mkdtemp(join(tmpdir(), "waybill-bench-"))
export const removeRoot = (root: string): Promise<void> => rm(root, { recursive: true, force: true })

/** Runs something with a store on a root, opened anew. */
export const withStore = <A, E>(root: string, use: (store: Store) => Effect.Effect<A, E>): Promise<A> =>
  Effect.runPromise(
    Effect.flatMap(makeJsonlStore({ root, compress: false }), use).pipe(Effect.scoped, Effect.provide(layerNodeFiles)),
  )

const batch_records = 1000

/** Appends events to a root, a thousand at a time. */
export const fill = (root: string, events: ReadonlyArray<RecordedEvent>): Promise<void> =>
  withStore(root, (store) =>
    Effect.gen(function* () {
      for (let at = 0; at < events.length; at += batch_records) {
        const records = events.slice(at, at + batch_records).map((event) => ({ event, line: encodeLine(event) }))
        // Each is a batch of its own, as different writers' events are.
        yield* store.commit((session) => session.append(records.map((record) => [record])))
      }
    }),
  )
