/**
 * The port to randomness that nobody can guess: tokens and names of temporary files.
 *
 * @module
 */
import { Context, Effect, Layer } from "effect"
import { randomBytes } from "node:crypto"

export class Entropy extends Context.Service<
  Entropy,
  {
    /** `count` random bytes, as lower-case hex. */
    readonly hex: (count: number) => Effect.Effect<string>
  }
>()("@waybill/host/Entropy") {}

export const layerNodeEntropy: Layer.Layer<Entropy> = Layer.succeed(Entropy, {
  hex: (count) => Effect.sync(() => randomBytes(count).toString("hex")),
})

/** The same bytes for the same seed, for tests. Not fit for secrets. */
export const layerSeededEntropy = (seed: number): Layer.Layer<Entropy> =>
  Layer.sync(Entropy, () => {
    // xorshift32: short, and good enough to keep names apart.
    let state = seed | 0 || 1
    const next = (): number => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return state >>> 0
    }
    return {
      hex: (count) =>
        Effect.sync(() => Array.from({ length: count }, () => (next() & 0xff).toString(16).padStart(2, "0")).join("")),
    }
  })
