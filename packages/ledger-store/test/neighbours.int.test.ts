/** Whoever else is at the same ledger: a live daemon, a holder of the lock. */
import { layerNodeFiles } from "@waybill/host"
import { Clock, Effect } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"
import { needs } from "../../../test/support/needs.ts"
import { makeJsonlStore } from "../src/index.ts"
import { countedFiles } from "./support/countedFiles.ts"
import { SetClock } from "./support/SetClock.ts"
import { ledgerOver, write } from "./support/texts.ts"

const base = mkdtempSync(join(tmpdir(), "waybill-neighbours-"))
afterAll(() => rmSync(base, { recursive: true, force: true }))

const holder_path = fileURLToPath(new URL("support/holder.ts", import.meta.url))
const needsProc = needs("/proc", () => existsSync("/proc/locks"))

const appendTo = (root: string, lock_wait_ms = 30_000) =>
  Effect.runPromise(
    Effect.flatMap(makeJsonlStore({ root, lock_wait_ms }), ledgerOver).pipe(
      Effect.flatMap((ledger) => Effect.result(write(ledger, "a", "one"))),
      Effect.scoped,
      Effect.provide(layerNodeFiles),
    ),
  )

describe("an activation file", () => {
  const rootWith = (activation: unknown): string => {
    const root = mkdtempSync(join(base, "r-"))
    mkdirSync(join(root, ".agents/daemon"), { recursive: true })
    writeFileSync(
      join(root, ".agents/daemon/activation.json"),
      typeof activation === "string" ? activation : JSON.stringify(activation),
    )
    return root
  }
  const later = "2099-01-01T00:00:00Z"
  const gone = 2 ** 22 - 1

  needsProc(it)("that names a live daemon keeps us from writing, and the refusal names it", async () => {
    const root = rootWith({ pid: process.pid, address: "127.0.0.1:8765", ready: true, started_at: later })
    const { failure } = (await appendTo(root)) as {
      readonly failure: { readonly _tag: string; readonly message: string }
    }
    expect(failure._tag).toBe("StoreLocked")
    expect(failure.message).toContain(`process ${process.pid} at 127.0.0.1:8765`)
    expect(
      existsSync(join(root, ".agents/daemon/ledger.jsonl")) &&
        readFileSync(join(root, ".agents/daemon/ledger.jsonl"), "utf8"),
    ).toBe("")
  })

  needsProc(it).each([
    ["of a process that is gone", { pid: gone, started_at: later }],
    ["of a process whose number another one bears now", { pid: process.pid, started_at: "2001-01-01T00:00:00Z" }],
    ["of ours", { pid: process.pid, started_at: later, implementation: "waybill" }],
    ["that names nobody", { ready: true }],
    ["that is half written", '{"pid":'],
  ])("%s does not", async (_, activation) => {
    expect((await appendTo(rootWith(activation)))._tag).toBe("Success")
  })

  needsProc(it)("that names nobody is not read anew with every append, and one that takes its place is", async () => {
    const ours = { pid: process.pid, implementation: "waybill" }
    const root = rootWith(ours)
    const counted = countedFiles(layerNodeFiles)
    const clock = new SetClock(statSync(join(root, ".agents/daemon/activation.json")).ctimeMs)
    const appending = Effect.gen(function* () {
      const ledger = yield* Effect.flatMap(makeJsonlStore({ root }), ledgerOver)
      const read = Effect.gen(function* () {
        const before = counted.bytes()
        yield* write(ledger, "a", "one")
        return counted.bytes() - before
      })
      const bytes = JSON.stringify(ours).length
      yield* read
      // What was changed a moment ago might be changed once more without a trace.
      expect([yield* read, yield* read]).toEqual([bytes, bytes])
      clock.now_ms += 60_000
      expect([yield* read, yield* read, yield* read]).toEqual([bytes, 0, 0])
      const theirs = { pid: process.pid, address: "127.0.0.1:8765", ready: true, started_at: later }
      writeFileSync(join(root, ".agents/daemon/activation.json"), JSON.stringify(theirs))
      expect((yield* Effect.flip(read))._tag).toBe("StoreLocked")
    })
    await Effect.runPromise(
      appending.pipe(Effect.scoped, Effect.provide(counted.layer), Effect.provideService(Clock.Clock, clock)),
    )
  })
})

needsProc(it)("whoever waits too long for the lock is told which process holds it, and so is health", async () => {
  const root = mkdtempSync(join(base, "l-"))
  await appendTo(root)
  const child = spawn(
    process.execPath,
    ["--conditions=@waybill/source", "--disable-warning=ExperimentalWarning", holder_path, root],
    { stdio: ["pipe", "pipe", "inherit"] },
  )
  try {
    await once(child.stdout, "data")
    const { failure } = (await appendTo(root, 20)) as { readonly failure: { readonly message: string } }
    expect(failure.message).toContain(`is held by process ${child.pid} (`)
    const health = await Effect.runPromise(
      Effect.flatMap(makeJsonlStore({ root }), (store) => store.health).pipe(
        Effect.scoped,
        Effect.provide(layerNodeFiles),
      ),
    )
    expect(health.lock_holder).toContain(`process ${child.pid}`)
  } finally {
    child.kill("SIGKILL")
    await once(child, "close")
  }
  expect((await appendTo(root))._tag).toBe("Success")
})
