/**
 * The file by which clients of this project find the server (JobSpec v0 §15.1), and the lock that keeps a second one out.
 *
 * @module
 */
import { Files } from "@waybill/host"
import { formatTime } from "@waybill/ledger"
import { findLiveDaemon } from "@waybill/ledger-store"
import { Data, Effect, type Scope } from "effect"
import { readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type Address, urlOf } from "./Listener.ts"

/** Another server serves this root. Ask that one, or stop it first. */
export class AlreadyServed extends Data.TaggedError("AlreadyServed")<{
  readonly root: string
  readonly holder: string
}> {
  override get message(): string {
    return `${this.root} is served by ${this.holder} already: ask that server, or stop it first`
  }
}

export const daemonFolder = (root: string): string => join(root, ".agents", "daemon")

const readHolder = (root: string): Effect.Effect<string> =>
  Effect.promise(async () => {
    try {
      const said = JSON.parse(await readFile(join(daemonFolder(root), "activation.json"), "utf8")) as Record<
        string,
        unknown
      >
      return `process ${String(said["pid"])} at ${String(said["address"])}`
    } catch {
      return "another process"
    }
  })

/**
 * Refuses a root whose activation file names a live process of another implementation. Nothing is written there, not even a lock
 * or a token: the other one does not know of our locks, and appends to the same ledger.
 */
const refuseLiveDaemon = (root: string): Effect.Effect<void, AlreadyServed | Error, Files> =>
  Effect.flatMap(findLiveDaemon(root), (holder) =>
    holder === undefined ? Effect.void : Effect.fail(new AlreadyServed({ root, holder })),
  )

/** Holds the root for as long as the scope lives; the kernel lets go when the process dies. */
export const holdRoot = (root: string): Effect.Effect<void, AlreadyServed | Error, Files | Scope.Scope> =>
  Effect.gen(function* () {
    yield* refuseLiveDaemon(root)
    const files = yield* Files
    const directory = yield* files.openDirectory(daemonFolder(root), { create: true })
    const lock = yield* directory.lock("serve.lock")
    if (!(yield* lock.tryAcquire)) return yield* new AlreadyServed({ root, holder: yield* readHolder(root) })
    yield* Effect.addFinalizer(() => Effect.ignore(lock.release))
  })

/**
 * Says where the server is, unless another implementation has said so since the root was held. It stays when the server ends, as
 * the contract has it: `pid` tells whether it is alive.
 */
export const writeActivation = (
  root: string,
  address: Address,
  { now_ms, token_file }: { readonly now_ms: number; readonly token_file: string },
): Effect.Effect<void, AlreadyServed | Error, Files> =>
  Effect.andThen(
    refuseLiveDaemon(root),
    Effect.promise(async () => {
      const path = join(daemonFolder(root), "activation.json")
      const text = JSON.stringify(
        {
          url: urlOf(address),
          address: urlOf(address).slice("http://".length),
          pid: process.pid,
          ready: true,
          started_at: formatTime(now_ms),
          token_file,
          implementation: "waybill",
        },
        undefined,
        2,
      )
      await writeFile(`${path}.tmp`, `${text}\n`, { mode: 0o600 })
      await rename(`${path}.tmp`, path)
    }),
  )
