import { createHash } from "node:crypto"
import { make } from "../Benchmark.ts"

const mib = 2 ** 20
const size_mib = 32

/** Marsaglia's xorshift: bytes that do not compress and that the seed alone decides. */
const noise = (seed: number, bytes: number): Buffer => {
  const words = new Uint32Array(bytes / Uint32Array.BYTES_PER_ELEMENT)
  let state = seed | 0 || 1
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  return Buffer.from(words.buffer)
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex")

/** What a delivery pays for proving every chunk besides the whole, beside one hash of the whole alone. */
export default make({
  name: "sha256-chunks",
  title: "Hashing an artifact whole and in 1 MiB chunks",
  unit: "MiB",
  input: (seed) => noise(seed, size_mib * mib),
  amount: () => size_mib,
  describe: (bytes) => `${bytes.length / mib} MiB of noise in memory`,
  subjects: [
    {
      name: "whole and chunks",
      role: "subject",
      run: (bytes) => {
        const whole = createHash("sha256")
        const chunks: Array<string> = []
        for (let at = 0; at < bytes.length; at += mib) {
          const chunk = bytes.subarray(at, at + mib)
          whole.update(chunk)
          chunks.push(sha256(chunk))
        }
        return { whole: whole.digest("hex"), chunks: chunks.length }
      },
    },
    { name: "whole at once", role: "limit", run: (bytes) => ({ whole: sha256(bytes), chunks: size_mib }) },
  ],
  check: ({ chunks, whole }, bytes) => {
    if (whole !== sha256(bytes) || chunks !== size_mib) throw new Error("the digest is wrong")
  },
})
