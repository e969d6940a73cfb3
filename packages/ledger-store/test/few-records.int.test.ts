import { type Files, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { StoreRefused } from "@waybill/ledger"
import { Effect, type Scope } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore } from "../src/index.ts"
import { bytesOf, file, folder, noteLine, textOfBytes } from "./support/simulated.ts"
import { collect, ledgerOver, textOf, write } from "./support/texts.ts"

const open = Effect.flatMap(makeJsonlStore({ root: "/r", compress: false }), ledgerOver)
const on = (run: (disk: MemoryDisk) => Effect.Effect<unknown, unknown, Files | Scope.Scope>) => {
  const { disk, layer } = makeMemoryFiles()
  return Effect.runPromise(Effect.asVoid(Effect.scoped(Effect.provide(run(disk), layer))))
}

it.each([1, 2, 3])("a ledger of %d records of which the first has changed goes on, and names it", (count) =>
  on((disk) =>
    Effect.gen(function* () {
      const texts = ["one", "two", "three"].slice(0, count)
      const first = yield* open
      for (const text of texts) yield* write(first, "a", text)
      disk.overwrite(file, bytesOf(textOfBytes(disk.bytes(file)).replace("one", "eno")))
      const ledger = yield* open
      const [event] = yield* write(ledger, "a", "after")
      expect(event?.position).toBe(count + 1)
      expect((yield* collect(ledger.read())).map(textOf)).toEqual([...texts.slice(1), "after"])
      expect((yield* ledger.health).corrupt).toMatchObject([{ position: 1 }])
    }),
  ),
)

it.each([
  ["with a longer line", noteLine(1, "another")],
  ["whose first line ends earlier", `${noteLine(1, "a")}\n${noteLine(2, "b")}`],
])("a file of one record that another one has replaced, %s, is not gone on with", (_, lines) =>
  on((disk) =>
    Effect.gen(function* () {
      yield* write(yield* open, "a", "one")
      disk.overwrite(file, bytesOf(`${lines}\n`))
      expect(yield* Effect.flip(Effect.flatMap(open, (ledger) => write(ledger, "a", "no")))).toBeInstanceOf(
        StoreRefused,
      )
    }),
  ),
)

it("a folder that is a symbolic link is refused, and the refusal says what to do", () =>
  on((disk) =>
    Effect.gen(function* () {
      yield* write(yield* open, "a", "one")
      disk.remove(folder)
      disk.plant(folder, "link")
      const refused = yield* Effect.flip(Effect.flatMap(open, (ledger) => write(ledger, "a", "two")))
      expect(refused).toBeInstanceOf(StoreRefused)
      expect(String(refused)).toMatch(/\/r\/\.agents\/daemon is a symbolic link.*move what it leads to in its place/u)
    }),
  ))
