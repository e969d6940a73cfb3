import { Effect } from "effect"
import { type AttemptKey, DataPlane, type Source } from "../../src/index.ts"

/** Every hop up to the seal; answers what each says of the bytes. */
export const sealing = <E = never, R = never>(key: AttemptKey, path: string, source: Source<E, R>) =>
  Effect.gen(function* () {
    const plane = yield* DataPlane
    const built = yield* plane.build(key, source)
    const written = yield* plane.write(key, path, built)
    const read = yield* plane.readBack(key, written)
    yield* plane.seal(key, read)
    return { built, written, read }
  })
