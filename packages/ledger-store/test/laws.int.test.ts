import { keepsLaw, type MakePlace, storeLaws } from "@waybill/conformance"
import { layerNodeFiles, makeMemoryFiles } from "@waybill/host"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { makeJsonlStore, makeMemoryStore } from "../src/index.ts"

const base = mkdtempSync(join(tmpdir(), "waybill-store-"))
afterAll(() => rmSync(base, { recursive: true, force: true }))

const places: ReadonlyArray<readonly [string, MakePlace]> = [
  ["memory", Effect.map(makeMemoryStore(), (store) => ({ open: Effect.succeed(store) }))],
  [
    "JSONL on this machine's disk",
    Effect.sync(() => {
      const root = mkdtempSync(join(base, "root-"))
      return { open: Effect.provide(makeJsonlStore({ root, poll_ms: 5 }), layerNodeFiles) }
    }),
  ],
  [
    "JSONL on the simulated disk",
    Effect.sync(() => {
      const { disk, layer } = makeMemoryFiles()
      return {
        open: Effect.provide(makeJsonlStore({ root: "/r", poll_ms: 5 }), layer),
        crash: Effect.sync(disk.crash),
      }
    }),
  ],
]

const laws = await storeLaws()

describe.each(places)("%s", (kind, place) => {
  // Only a simulated disk can lose power.
  const applying = laws.filter(({ appliesTo }) => appliesTo === undefined || kind.endsWith("simulated disk"))
  it.each(applying.map((law) => [law.id, law.statement, law] as const))("%s %s", async (_id, _statement, law) => {
    expect((await keepsLaw(law, place)).status).toBe("pass")
  })
})
