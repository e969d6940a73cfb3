import { layerNodeFiles, makeMemoryFiles } from "@waybill/host"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { makeJsonlStore, makeMemoryStore } from "../src/index.ts"
import { promisesOfStores } from "./support/store.behaviour.ts"

const base = mkdtempSync(join(tmpdir(), "waybill-store-"))
afterAll(() => rmSync(base, { recursive: true, force: true }))

promisesOfStores("memory", () => {
  const store = Effect.runSync(makeMemoryStore())
  return { open: Effect.succeed(store) }
})

promisesOfStores("JSONL on this machine's disk", () => {
  const root = mkdtempSync(join(base, "root-"))
  return { open: Effect.provide(makeJsonlStore({ root, poll_ms: 5 }), layerNodeFiles) }
})

promisesOfStores("JSONL on the simulated disk", () => {
  const { layer } = makeMemoryFiles()
  return { open: Effect.provide(makeJsonlStore({ root: "/r", poll_ms: 5 }), layer) }
})
