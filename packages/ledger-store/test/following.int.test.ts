/** Following a file that somebody else has made an archive, on a disk that fails once on the way. */
import { layerFaultyFiles, makeMemoryFiles } from "@waybill/host"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore } from "../src/index.ts"
import { brief, collect, ledgerOver, write } from "./support/texts.ts"

const open = (rotate_bytes: number) =>
  Effect.flatMap(makeJsonlStore({ root: "/r", poll_ms: 1, rotate_bytes, compress: false }), ledgerOver)

it("whichever operation fails while a rotation is followed, nothing is read from the wrong file and nothing is cut", async () => {
  const met = new Set<string>()
  for (let nth = 1; nth <= 60; nth++) {
    const { layer, process } = makeMemoryFiles()
    let left: number | undefined
    const faulty = layerFaultyFiles(process().layer, (operation, path) => {
      if (left === undefined || --left > 0) return undefined
      left = undefined
      met.add(`${operation} ${path.split("/").at(-1) ?? ""}`)
      return { kind: "fail", code: "EIO" }
    })
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const follower = yield* Effect.provide(open(100_000), faulty)
          const rotating = yield* Effect.provide(open(1_000), layer)
          const kept: Array<string> = []
          const add = (ledger: typeof follower, text: string) =>
            Effect.map(write(ledger, "a", text), (facts) => void kept.push(...facts.map(brief)))
          yield* add(follower, "one")
          yield* add(follower, "two")
          yield* add(follower, "three")
          yield* add(rotating, "in the next file, and longer than what was there".repeat(8))
          left = nth
          yield* Effect.ignore(collect(follower.read()))
          yield* Effect.ignore(collect(follower.readStream("a")))
          left = undefined
          yield* add(follower, "four")
          yield* add(rotating, "five")
          for (const ledger of [follower, rotating, yield* Effect.provide(open(1_000), layer)])
            expect((yield* collect(ledger.read())).map(brief), `operation ${nth}`).toEqual(kept)
        }),
      ),
    )
  }
  expect([...met]).toEqual(expect.arrayContaining(["open ledger.jsonl", "info ledger.jsonl", "read ledger.jsonl"]))
})
