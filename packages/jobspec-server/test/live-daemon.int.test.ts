import { layerNodeFiles } from "@waybill/host"
import { Effect } from "effect"
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { AlreadyServed, runServer } from "../src/index.ts"
import { noLog } from "../src/Log.ts"
import { needs } from "../../../test/support/needs.ts"
import { accepted, writeRoot } from "./support/referenceRoot.ts"
import { folder } from "./support/server.ts"

const address = { host: "127.0.0.1", port: 0 } as const

/** A root whose activation file says that this very process is the contract's daemon, and what lies in it. */
const served = Effect.map(folder, (root) => {
  const daemon = join(root, ".agents", "daemon")
  writeRoot(root, { active: `${accepted("j", "rpi.run")}\n` })
  const activation = join(daemon, "activation.json")
  const started_at = new Date().toISOString()
  writeFileSync(activation, JSON.stringify({ address: "127.0.0.1:8765", pid: process.pid, ready: true, started_at }))
  const files = () => new Set(readdirSync(daemon, { recursive: true }).map(String))
  return { root, daemon, activation, before: { files: files(), text: readFileSync(activation, "utf8") }, files }
})

const start = (root: string) => Effect.scoped(runServer({ root, address, log: noLog }))

needs("/proc", () => existsSync("/proc/stat"))(it)(
  "a root that a live daemon of another implementation serves is not served, and nothing in it is touched",
  () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const { activation, before, files, root } = yield* served
          const refused = yield* Effect.flip(start(root))
          expect(refused).toBeInstanceOf(AlreadyServed)
          expect(refused.message).toContain(`process ${process.pid} at 127.0.0.1:8765`)
          expect(readFileSync(activation, "utf8")).toBe(before.text)
          expect(files()).toEqual(before.files)
        }),
      ).pipe(Effect.provide(layerNodeFiles)),
    ),
)

it("a root whose daemon is gone is served, and says so", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const { activation, root } = yield* served
        const gone = { address: "127.0.0.1:8765", pid: 2 ** 22 - 1, ready: true, started_at: "2026-04-28T12:00:00Z" }
        rmSync(activation)
        writeFileSync(activation, JSON.stringify(gone))
        yield* start(root)
        expect(JSON.parse(readFileSync(activation, "utf8"))).toMatchObject({ implementation: "waybill" })
      }),
    ).pipe(Effect.provide(layerNodeFiles)),
  ))
