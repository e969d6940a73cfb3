/**
 * Fault model: somebody with the rights of this process does one thing to one file, right before the k-th file operation of
 * the whole way. Each way ends in a typed error, or the very bytes were judged and delivered.
 */
import { expect } from "vitest"
import { type Attack, attacks } from "./attacks.ts"
import { digest, placesOf, runChain, small } from "./chain.ts"
import { simulatedScene } from "./Scene.ts"

export const places = ["candidate", "built", "artifact", "sealed", "delivered"] as const
export type Place = (typeof places)[number]

/** What changes a file; operations that fail are tried one by one elsewhere. */
export const changes = attacks.filter(({ name }) => !/^(disk full|short|failed|permissions|writer)/u.test(name))

const typed = new Set([
  "BytesDiffer",
  "PathRefused",
  "ArtifactMissing",
  "CandidateMissing",
  "CopyTouched",
  "StorageFailed",
])

/** Answers whether the way was that long. */
export const expectSafe = async (attack: Attack, place: Place, k: number): Promise<boolean> => {
  const scene = simulatedScene()
  const target = placesOf(scene, small)[place]
  let count = 0
  scene.plan = () => {
    // What is not there yet cannot be changed.
    if (++count === k && scene.bytes(target) !== undefined) attack.run(scene, target, "never", small)
    return undefined
  }
  const { built, delivered, error, judged, released } = await runChain(scene, "never", small, () => {})
  const note = `${attack.name}, ${place}, before operation ${k}`
  if (error !== undefined) expect(typed, note).toContain(error._tag)
  // Until the candidate is read it is anybody's; from the build on the bytes are one and the same.
  if (place !== "candidate" && built !== undefined) expect(built.sha256, note).toBe(digest(small.content))
  if (judged !== undefined) expect(judged, note).toBe(built?.sha256)
  if (error === undefined) expect(digest(released), note).toBe(built?.sha256)
  // Once it has its name, a delivered file is its owner's.
  if (place !== "delivered" && delivered !== undefined) expect(digest(delivered), note).toBe(built?.sha256)
  expect(
    scene.files().filter((path) => /unfinished|waybill-tmp/u.test(path)),
    note,
  ).toEqual([])
  return count >= k
}
