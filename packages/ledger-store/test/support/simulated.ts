/** Ledgers on a simulated disk whose bytes a test lays down and looks at. */
import { Files, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { encodeLine, eventId, type LedgerEvent, type Store } from "@waybill/ledger"
import { Effect, type Layer, type Scope } from "effect"
import { makeJsonlStore } from "../../src/index.ts"

export const folder = "/r/.agents/daemon"
export const file = `${folder}/ledger.jsonl`

const encoder = new TextEncoder()
export const bytesOf = (text: string): Uint8Array => encoder.encode(text)
export const textOfBytes = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

/** The line of a note, as the ledger would write it at this position. */
export const noteLine = (position: number, text: string, more: Partial<LedgerEvent> = {}): string =>
  encodeLine({
    schema_version: 1,
    event_id: eventId("note.written", "a", position),
    request_id: "req",
    job_id: "a",
    event_type: "note.written",
    occurred_at: "2026-01-02T03:04:05.678Z",
    actor: "test",
    payload: { text },
    ...more,
  })

export interface Simulated {
  readonly disk: MemoryDisk
  readonly layer: Layer.Layer<Files>
  readonly open: Effect.Effect<Store, unknown, Scope.Scope>
}

/** A disk that holds a ledger file with these bytes and nothing else; they survive a crash where `isDurable`. */
export const simulated = (
  content?: Uint8Array | string,
  { isDurable = false }: { readonly isDurable?: boolean } = {},
): Simulated => {
  const { disk, layer } = makeMemoryFiles()
  if (content !== undefined) {
    Effect.runSync(makeFolders(layer))
    disk.plant(file, typeof content === "string" ? bytesOf(content) : content)
    if (isDurable) Effect.runSync(flushAll(layer))
  }
  return { disk, layer, open: Effect.provide(makeJsonlStore({ root: "/r", poll_ms: 1 }), layer) }
}

/** Makes the ledger's files, as they are now, durable. */
export const flushAll = (layer: Layer.Layer<Files>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const directory = yield* (yield* Files).openDirectory(folder)
      const seals = (yield* directory.list).includes("seals") ? [yield* directory.openDirectory("seals")] : []
      for (const each of [directory, ...seals])
        for (const name of yield* each.list)
          if ((yield* each.info(name)).kind === "file") yield* (yield* each.openFile(name, { access: "write" })).flush
      for (const each of seals) yield* each.flush
      yield* directory.flush
    }),
  ).pipe(Effect.provide(layer), Effect.orDie)

const makeFolders = (layer: Layer.Layer<Files>) =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* (yield* Files).openDirectory(folder, { create: true })
    }),
  ).pipe(Effect.provide(layer), Effect.orDie)

/** Everything below the root, with its bytes. */
export const snapshot = (disk: MemoryDisk): ReadonlyArray<readonly [string, string]> =>
  disk.files("/r").map((path) => [path, Buffer.from(disk.bytes(path) ?? []).toString("latin1")])
