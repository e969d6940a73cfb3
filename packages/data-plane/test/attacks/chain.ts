/** The whole way of some bytes, with somebody at one of its gaps; and what came of it. */
import { Effect, Stream } from "effect"
import { createHash } from "node:crypto"
import { join } from "node:path"
import {
  chunk_bytes,
  DataPlane,
  type DataPlaneError,
  type Digest,
  failureOf,
  folderName,
  type Handed,
} from "../../src/index.ts"
import type { Scene } from "./Scene.ts"

/**
 * When it happens: once the candidate was left, was opened; once the bytes were built, written, read back, sealed; while they
 * are judged; once they are verified; while they leave; once a delivered file was read back and is about to get its name.
 * What is attacked is what the next step reads, or gives a name.
 */
export const gaps = ["left", "open", "built", "write", "read", "seal", "judge", "verif", "leave", "draft"] as const
export type Gap = (typeof gaps)[number]

/** What became of the bytes: how the way ended, and what anybody saw of them. */
export interface Outcome {
  readonly error: DataPlaneError | undefined
  readonly code: string | undefined
  readonly built: Digest | undefined
  /** What a verifier saw whose verdict counts; `undefined` where there is no verdict. */
  readonly judged: string | undefined
  /** What was let go to a sink, and what lies at the destination. */
  readonly released: Uint8Array
  readonly delivered: Uint8Array | undefined
}

export const key = { runId: "run", attempt: 1 }
export const candidatePath = "left.bin"
const path = "out/report.bin"
export const digest = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`

/** The bytes that go the way, and the same but for the last one. */
export interface Bytes {
  readonly content: Uint8Array
  readonly changed: Uint8Array
}

const bytesOf = (length: number): Bytes => {
  const content = Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff)
  return { content, changed: content.map((byte, i) => (i === length - 1 ? byte ^ 0xff : byte)) }
}
export const small = bytesOf(1000)
/** Two chunks: what happens between two reads has a between. */
export const large = bytesOf(chunk_bytes + 7)

export const placesOf = ({ root }: Scene, { content }: Bytes) => {
  const hex = digest(content).slice("sha256:".length)
  return {
    candidate: join(root, "workspaces", folderName(key.runId), candidatePath),
    built: join(root, "staging", folderName(key.runId), "1", "built"),
    artifact: join(root, "artifacts", folderName(key.runId), "1", path),
    sealed: join(root, "sealed", "sha256", hex.slice(0, 2), hex.slice(2, 4), hex),
    delivered: join(root, "delivered", "report.bin"),
  }
}

/** The file that the step behind a gap reads. */
export const targetAt = (scene: Scene, gap: Gap, bytes: Bytes, handed: string): string => {
  const places = placesOf(scene, bytes)
  switch (gap) {
    case "left":
    case "open":
      return places.candidate
    case "built":
      return places.built
    case "write":
    case "read":
      return places.artifact
    case "judge":
      return handed
    case "seal":
    case "verif":
    case "leave":
      return places.sealed
    case "draft":
      return places.delivered
  }
}

/** Runs every hop; at the gap, `attack` is told what the next step will read. Without one only the scene's plan interferes. */
export const runChain = (
  scene: Scene,
  gap: Gap | "never",
  bytes: Bytes,
  attack: (target: string) => void,
): Promise<Outcome> => {
  const { content } = bytes
  const { delivered } = placesOf(scene, bytes)
  const reached = (here: Gap, handed = "") =>
    Effect.sync(() => {
      // What was to happen in the step behind the gap happens in no later one.
      if (gap !== "never") scene.plan = () => undefined
      if (here === gap) attack(targetAt(scene, gap, bytes, handed))
    })
  const released: Array<Uint8Array> = []
  let built: Digest | undefined
  let judged: string | undefined

  const judge = (handed: Handed) =>
    Effect.gen(function* () {
      yield* reached("judge", handed.path)
      const named = scene.bytes(handed.path)
      // A verifier that reads the file never asks for the stream.
      if (gap === "judge") return named === undefined ? "nothing" : digest(named)
      const streamed: Array<Uint8Array> = []
      yield* Stream.runForEach(handed.stream, (chunk) => Effect.sync(() => void streamed.push(chunk)))
      return digest(Buffer.concat(streamed))
    })

  const way = Effect.gen(function* () {
    const plane = yield* DataPlane
    yield* plane.writeSeed(key.runId, candidatePath, content)
    yield* reached("left")
    const candidate = yield* plane.candidate(key.runId, candidatePath)
    yield* reached("open")
    built = yield* plane.build(key, candidate.stream)
    yield* reached("built")
    const written = yield* plane.write(key, path, built)
    yield* reached("write")
    const read = yield* plane.readBack(key, written)
    yield* reached("read")
    yield* plane.seal(key, read)
    yield* reached("seal")
    judged = yield* plane.withSealed(read, judge)
    yield* reached("verif")
    const artifact = { ...read, schemaId: "any" }
    let isFirst = true
    const sink = (chunk: Uint8Array) =>
      Effect.suspend(() => {
        released.push(chunk)
        const here = isFirst ? reached("leave") : Effect.void
        isFirst = false
        return here
      })
    if (gap === "draft")
      scene.plan = (operation, path) => {
        if (operation !== "rename" || !path.includes("/.waybill-tmp-")) return undefined
        scene.plan = () => undefined
        scene.nextInstant()
        attack(path)
        return undefined
      }
    if (gap !== "leave") yield* plane.deliver(artifact, { file: delivered })
    if (gap !== "draft") yield* plane.deliver(artifact, { sink })
  }).pipe(Effect.scoped)

  return Effect.runPromise(
    Effect.map(Effect.result(way), (result): Outcome => {
      const error = result._tag === "Failure" ? result.failure : undefined
      return {
        error,
        code: error === undefined ? undefined : failureOf(error).code,
        built,
        judged,
        released: Buffer.concat(released),
        delivered: scene.bytes(delivered),
      }
    }).pipe(Effect.provide(scene.layer)),
  )
}
