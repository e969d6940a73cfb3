/**
 * The reference daemon's `activation.json` (JobSpec v0 §15.1): it is written before serving and never removed, so it counts
 * only while the process it names is alive.
 *
 * @module
 */
import { type Directory, type FileError, type FileInfo, Files } from "@waybill/host"
import { Clock, Effect } from "effect"
import { activation_name } from "./Layout.ts"
import { readProc } from "./proc.ts"
import { readExactly } from "./readExactly.ts"
import { hasSettled } from "./settled.ts"
import { unlessMissing } from "./unlessMissing.ts"
import { unlessOdd } from "./unlessOdd.ts"

const activation_bytes_max = 65_536
/** Ticks of the clock that process start times are told in. */
const ticks_per_second = 100
/** How exact a start time is, at least. */
const tolerance_ms = 2000

interface Activation {
  readonly pid: number
  readonly address: string
  readonly started_ms: number | undefined
}

/** What an activation file says; `undefined` for one of ours (`"implementation":"waybill"`) and for one that names nobody. */
const readActivation = (directory: Directory): Effect.Effect<Activation | undefined, FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* directory.openFile(activation_name, { access: "read" })
      const text = new TextDecoder().decode(yield* readExactly(file, 0, activation_bytes_max))
      let said: unknown
      try {
        said = JSON.parse(text)
      } catch {
        // Half written: its writer is just starting, and will hold the ledger only once it is whole.
        return undefined
      }
      const { address, implementation, pid, started_at } = (said ?? {}) as Record<string, unknown>
      if (implementation === "waybill" || typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 0)
        return undefined
      const started = typeof started_at === "string" ? Date.parse(started_at) : Number.NaN
      return {
        pid,
        address: typeof address === "string" ? address : "an unknown address",
        started_ms: Number.isNaN(started) ? undefined : started,
      }
    }),
  ).pipe(unlessMissing)

/** When a process was started; `undefined` where there is no such process. */
const startOf = (files: Files["Service"], pid: number) =>
  Effect.gen(function* () {
    const stat = yield* readProc(files, `/proc/${pid}`, "stat")
    if (stat === "") return undefined
    // The name, in parentheses, may hold anything.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    if (state === "Z" || state === "X") return undefined
    const boot = Number(/^btime (\d+)$/mu.exec(yield* readProc(files, "/proc", "stat"))?.[1])
    return boot * 1000 + (Number(fields[18]) * 1000) / ticks_per_second
  })

const nobody = Effect.succeed(undefined)

/** Looks for whoever else serves a ledger. `file` is what bears the activation file's name, as it was seen. */
export type LiveDaemon = (directory: Directory, file: FileInfo) => Effect.Effect<string | undefined, FileError>

/**
 * Says who else serves this ledger: `process 4711 at 127.0.0.1:8765`; `undefined` when nobody does. A process that was started
 * after the file was written only bears the dead one's number. A file that names nobody is read once and not with every
 * append, for as long as nobody has touched it.
 */
export const makeLiveDaemon = (files: Files["Service"]): LiveDaemon => {
  let harmless: FileInfo | undefined
  const traits = ["device", "inode", "bytes", "changed_ns"] as const
  const isHarmless = (file: FileInfo): boolean => traits.every((trait) => harmless?.[trait] === file[trait])
  const look = Effect.fnUntraced(function* (directory: Directory, file: FileInfo) {
    harmless = undefined
    const now_ms = yield* Clock.currentTimeMillis
    const activation = yield* readActivation(directory)
    if (activation === undefined) {
      if (hasSettled(file, now_ms)) harmless = file
      return undefined
    }
    const { address, pid, started_ms } = activation
    const start = yield* startOf(files, pid)
    if (start === undefined || (started_ms !== undefined && start > started_ms + tolerance_ms)) return undefined
    return `process ${pid} at ${address}`
  })
  return (directory, file) => (isHarmless(file) ? nobody : look(directory, file))
}

/**
 * Who else serves the ledger of a root, in the words of {@link LiveDaemon}, so that nothing is written into it. For whoever is
 * about to write an activation file of his own there: what it replaces would tell nobody any more. Reads only.
 */
export const findLiveDaemon = (root: string): Effect.Effect<string | undefined, FileError, Files> =>
  Effect.scoped(
    Effect.gen(function* () {
      const files = yield* Files
      const base = yield* files.openDirectory(root)
      const directory = yield* (yield* base.openDirectory(".agents")).openDirectory("daemon")
      const file = yield* directory.find(activation_name)
      return file === undefined ? undefined : yield* makeLiveDaemon(files)(directory, file)
    }),
  ).pipe(unlessMissing, unlessOdd)
