import { DataPlane, layerDataPlane } from "@waybill/data-plane"
import { layerNodeEntropy, layerNodeFiles } from "@waybill/host"
import { Effect, Layer, ManagedRuntime } from "effect"
import { createHash } from "node:crypto"
import fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bareWay } from "./bareWay.ts"
import { carefulWay } from "./carefulWay.ts"
import { type Benchmark, type Conditions, make } from "./Benchmark.ts"
import type { Curve } from "./Report.ts"

const mib = 2 ** 20
const key = { runId: "run", attempt: 1 }
const candidateName = "candidate"
/** A process that settles has settled before: small artifacts are measured once both ways are compiled. */
const settled_before = 20
const careful = "the bare loop, with folders opened by handle and every look that the promises need"

/** Bytes that do not compress and that the seed alone decides, written chunk by chunk. Answers their digest. */
const writeNoise = (path: string, seed: number, bytes: number): string => {
  const words = new Uint32Array(mib / Uint32Array.BYTES_PER_ELEMENT)
  const hash = createHash("sha256")
  const descriptor = fs.openSync(path, "w")
  let state = seed | 0 || 1
  for (let done = 0; done < bytes; done += mib) {
    for (let index = 0; index < words.length; index++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      words[index] = state
    }
    const chunk = new Uint8Array(words.buffer, 0, Math.min(mib, bytes - done))
    hash.update(chunk)
    fs.writeSync(descriptor, chunk)
  }
  fs.fsyncSync(descriptor)
  fs.closeSync(descriptor)
  return hash.digest("hex")
}

/** Every hop once, from the candidate to a delivered file; the verifier looks at nothing. */
const throughDataPlane = (delivered: string) =>
  Effect.gen(function* () {
    const plane = yield* DataPlane
    const candidate = yield* plane.candidate(key.runId, candidateName)
    const built = yield* plane.build(key, candidate.stream)
    const read = yield* plane.readBack(key, yield* plane.write(key, "artifact", built))
    yield* plane.seal(key, read)
    yield* plane.withSealed(read, () => Effect.void)
    const { sha256 } = yield* plane.deliver({ ...read, schemaId: "any" }, { file: delivered })
    return sha256.slice("sha256:".length)
  }).pipe(Effect.scoped)

/** Resident memory of this process at its peak since `reset`, in bytes; `undefined` where the system does not tell. */
const peak = {
  reset: (): boolean => {
    try {
      fs.writeFileSync("/proc/self/clear_refs", "5")
      return true
    } catch {
      return false
    }
  },
  bytes: (): number => Number(/VmHWM:\s+(\d+) kB/u.exec(fs.readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024,
}

/** All hops of an artifact of `bytes` bytes, on the disk under the system's folder for temporary files. */
export const settleArtifact = (name: string, size: string, full_bytes: number, wall?: string): Benchmark => {
  /** Its folders and looks are nothing beside its bytes: the careful loop would take as long as the bare one, and a third of the time. */
  const isLarge = full_bytes > mib
  interface Input {
    readonly root: string
    readonly bytes: number
    readonly candidate: string
    readonly digest: string
    readonly runtime: ManagedRuntime.ManagedRuntime<DataPlane, never>
    readonly bare: string
    readonly prepare: () => void
  }
  const ours = ({ root, runtime }: Input) => runtime.runPromise(throughDataPlane(join(root, "out", "artifact")))
  const bareOf =
    (way: (candidate: string, root: string) => string) =>
    async ({ bare, candidate }: Input) =>
      way(candidate, bare)
  const open = async (seed: number, { scaled }: Conditions) => {
    const bytes = isLarge ? scaled(full_bytes / mib) * mib : full_bytes
    const root = fs.mkdtempSync(join(tmpdir(), "waybill-bench-"))
    const workspace = join(root, "workspaces", key.runId)
    fs.mkdirSync(workspace, { recursive: true })
    const candidate = join(workspace, candidateName)
    const digest = writeNoise(candidate, seed, bytes)
    const runtime = ManagedRuntime.make(
      layerDataPlane({ root }).pipe(Layer.provide(Layer.mergeAll(layerNodeFiles, layerNodeEntropy))),
    )
    const bare = join(root, "bare")
    /** What is on the disk already slows nothing, and what is to be made is not there. */
    const prepare = () => {
      for (const area of ["staging", "artifacts", "sealed", "out", "bare"])
        fs.rmSync(join(root, area), { recursive: true, force: true })
    }
    const input = { root, bytes, candidate, digest, runtime, bare, prepare }
    if (bytes > mib) return input
    for (let round = 0; round < scaled(settled_before); round++)
      for (const way of [ours, bareOf(bareWay), bareOf(carefulWay)]) {
        prepare()
        await way(input)
      }
    return input
  }

  return make({
    name,
    title: `All hops of an artifact of ${size}`,
    unit: "MiB",
    input: open,
    amount: ({ bytes }) => bytes / mib,
    describe: () =>
      `${size} of noise in a file: built, written, read back, sealed, verified and delivered to a file${isLarge ? "" : `, after ${settled_before} others`}`,
    prepare: ({ prepare }) => prepare(),
    subjects: [
      { name: "the data plane", role: "subject", run: ours },
      {
        name: "node:crypto and the same copies, flushes and hashes in a bare loop",
        role: "limit",
        run: bareOf(bareWay),
      },
      ...(isLarge ? [] : [{ name: careful, role: "limit" as const, run: bareOf(carefulWay) }]),
    ],
    goals: [
      {
        subject: "the data plane",
        beside: "node:crypto and the same copies, flushes and hashes in a bare loop",
        speed_min: 0.8,
        ...(wall === undefined ? {} : { wall }),
        ...(full_bytes < mib ? { besides: true as const } : {}),
      },
      ...(isLarge
        ? []
        : [
            {
              subject: "the data plane",
              beside: careful,
              speed_min: 0.8,
              ...(wall === undefined ? {} : { wall }),
              besides: true as const,
            },
          ]),
      { curve: "memory of the data plane at its peak", value_max: 64 },
    ],
    check: (found, { digest }) => {
      if (found !== digest) throw new Error(`the digest is ${found}, want ${digest}`)
    },
    curves: async (input, { collectGarbage, progress }): Promise<ReadonlyArray<Curve>> => {
      progress("memory growth")
      input.prepare()
      collectGarbage()
      if (!peak.reset()) return []
      const before = peak.bytes()
      await ours(input)
      const points = [{ x: input.bytes / mib, y: Math.max(0, peak.bytes() - before) / mib }]
      return [
        {
          name: "memory of the data plane at its peak",
          x: "MiB of artifact",
          y: "MiB more than before, measured once",
          points,
        },
      ]
    },
    close: async ({ root, runtime }) => {
      await runtime.dispose()
      fs.rmSync(root, { recursive: true, force: true })
    },
  })
}
