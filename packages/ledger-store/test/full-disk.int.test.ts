/** Fault model: a file system that has no byte left, for good or until somebody makes room. */
import { layerNodeFiles } from "@waybill/host"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { needs } from "../../../test/support/needs.ts"
import { makeJsonlStore, verifyLedger } from "../src/index.ts"
import { collect, ledgerOver, textOf, write } from "./support/texts.ts"

const size_bytes = 1_048_576

const mountSmall = (): string | undefined => {
  const root = mkdtempSync(join(tmpdir(), "waybill-full-"))
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size_bytes}`, "tmpfs", root])
  if (status === 0) return root
  rmSync(root, { recursive: true })
  return undefined
}
const unmount = (root: string): void => {
  spawnSync("umount", [root])
  rmSync(root, { recursive: true, force: true })
}

const canMount = (): boolean => {
  const root = mountSmall()
  if (root !== undefined) unmount(root)
  return root !== undefined
}

needs("the right to mount a small tmpfs", canMount)(it)(
  "a disk that is really full answers so, loses nothing that was acknowledged, and takes appends again once there is room",
  async () => {
    const root = mountSmall() ?? ""
    const ballast = join(root, "ballast")
    try {
      writeFileSync(ballast, Buffer.alloc(size_bytes / 4))
      await Effect.runPromise(
        Effect.gen(function* () {
          const ledger = yield* ledgerOver(yield* makeJsonlStore({ root, rotate_bytes: 200_000, compress: false }))
          const acknowledged: Array<string> = []
          let full = 0
          for (let i = 0; full < 3; i++) {
            const text = `n${i} ${"x".repeat(5000)}`
            const done = yield* Effect.result(write(ledger, "a", text))
            if (done._tag === "Success") acknowledged.push(text)
            else {
              expect([i, done.failure._tag]).toEqual([i, "StoreFull"])
              full++
            }
          }
          expect(acknowledged.length).toBeGreaterThan(50)
          expect((yield* collect(ledger.read())).map(textOf)).toEqual(acknowledged)
          rmSync(ballast)
          yield* write(ledger, "a", "there is room")
          const again = yield* ledgerOver(yield* makeJsonlStore({ root }))
          expect((yield* collect(again.read())).map(textOf)).toEqual([...acknowledged, "there is room"])
          expect((yield* verifyLedger({ root })).flaws).toEqual([])
        }).pipe(Effect.scoped, Effect.provide(layerNodeFiles)),
      )
    } finally {
      unmount(root)
    }
  },
)
