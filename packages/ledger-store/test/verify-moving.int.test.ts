/** A walk over a ledger that others append to, rotate and compress meanwhile, at every single step of the walk. */
import { layerFaultyFiles, makeMemoryFiles } from "@waybill/host"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { chainHead, compressArchives, makeJsonlStore, verifyLedger } from "../src/index.ts"
import { ledgerOver, write } from "./support/texts.ts"

const open = Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes: 700, compress: false }), ledgerOver)

/** Four facts are more than one file holds. */
const rotate = Effect.flatMap(open, (ledger) =>
  Effect.forEach(["one", "two", "three", "four"], (text) => write(ledger, "j", text), { discard: true }),
)

/** Walks a ledger of some files; before each step of the walk that `isMet`, the others do their part. */
const walkedWhile = (
  others: "rotate" | "rotate and compress",
  isMet: (step: number, operation: string, path: string) => boolean,
) => {
  const { layer } = makeMemoryFiles()
  const turn = others === "rotate" ? rotate : Effect.andThen(rotate, compressArchives("/r"))
  const meanwhile = Effect.orDie(Effect.scoped(Effect.provide(turn, layer)))
  let steps = 0
  const watched = layerFaultyFiles(layer, (operation, path, nth) => {
    steps = nth
    return isMet(nth, operation, path) ? { kind: "wait", until: meanwhile } : undefined
  })
  return Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        yield* Effect.scoped(Effect.provide(Effect.andThen(rotate, rotate), layer))
        const before = yield* Effect.provide(chainHead("/r"), layer)
        const walk = verifyLedger({ root: "/r", expect: before === undefined ? [] : [before] })
        const { flaws, head, sealed } = yield* Effect.provide(walk, watched)
        return { flaws, isAll: sealed >= 8 && (head?.position ?? 0) >= 8, steps }
      }),
    ),
  )
}

for (const others of ["rotate", "rotate and compress"] as const) {
  it(`nothing is said to be wrong with a sound ledger while others ${others}, at any step of the walk`, async () => {
    const { steps } = await walkedWhile(others, () => false)
    for (let step = 1; step <= steps; step++) {
      const { flaws, isAll } = await walkedWhile(others, (at) => at === step)
      expect([step, flaws, isAll]).toEqual([step, [], true])
    }
  })

  it(`nor while others ${others} whenever the file that is appended to is about to be opened`, async () => {
    let opened = 0
    // The first one is opened to learn what has been repaired.
    const isOpening = (operation: string, path: string) =>
      operation === "open" && path.endsWith("/ledger.jsonl") && ++opened > 1 && opened < 20
    const { flaws, isAll } = await walkedWhile(others, (_step, operation, path) => isOpening(operation, path))
    expect([flaws, isAll]).toEqual([[], true])
  })
}
