import { layerFaultyFiles } from "@waybill/host"
import type { Store } from "@waybill/ledger"
import { Effect, Exit, type Scope } from "effect"
import { expect, it } from "vitest"
import { makeJsonlStore } from "../src/index.ts"
import { collect, ledgerOver, textOf, write } from "./support/texts.ts"
import { bytesOf, file, folder, noteLine, simulated, snapshot, textOfBytes } from "./support/simulated.ts"

const run = <A>(effect: Effect.Effect<A, unknown, Scope.Scope>) => Effect.runPromise(Effect.scoped(effect))
const quarantined = (paths: ReadonlyArray<string>) => paths.filter((path) => path.includes("/quarantine/"))

/** Reads everything in every way a reader can. */
const readAll = (store: Store) =>
  Effect.gen(function* () {
    const ledger = yield* ledgerOver(store)
    const events = yield* collect(ledger.read())
    yield* collect(ledger.readBackwards())
    yield* collect(ledger.readStream("a"))
    yield* store.loadCheckpoint("none")
    return { events, health: yield* store.health }
  })

const singles = [noteLine(1, "one"), noteLine(2, "zwei ü 🚂"), noteLine(3, "three")]
const batch = (from: number, texts: ReadonlyArray<string>) =>
  texts.map((text, i) => noteLine(from + i, text, { batch: [i, texts.length] }))
const samples = [
  ["single lines", singles, [1, 2, 3]],
  [
    "a batch of three between two lines",
    [noteLine(1, "one"), ...batch(2, ["x", "y", "z"]), noteLine(5, "five")],
    [1, 4, 5],
  ],
] as const

it.each(samples)(
  "%s, cut at every byte: what was whole stays, nothing fuses, readers write nothing",
  async (_, lines, ends) => {
    const whole = bytesOf(lines.map((line) => `${line}\n`).join(""))
    const lengths = lines.map((line) => bytesOf(line).byteLength)
    for (let cut = 0; cut <= whole.byteLength; cut++) {
      const { disk, open } = simulated(whole.slice(0, cut))
      // How many lines are there with their newline, and how many without counting it.
      let at = 0
      const [withNewline, text] = [0, 0].map((_, which) => {
        at = 0
        let n = 0
        for (const length of lengths) {
          if (at + length + (which === 0 ? 1 : 0) > cut) break
          at += length + 1
          n++
        }
        return n
      }) as [number, number]
      const shown = Math.max(0, ...ends.filter((end) => end <= withNewline))
      // A last line that stands alone and lacks only its newline is whole.
      const isWholeLine =
        text > withNewline && withNewline === shown && !(lines[withNewline] ?? "").includes('"batch":')
      const kept = isWholeLine ? text : shown

      const before = snapshot(disk)
      const seen = await run(Effect.flatMap(open, readAll))
      expect([cut, seen.events.map(textOf)]).toEqual([
        cut,
        lines.slice(0, shown).map((line) => JSON.parse(line).payload.text),
      ])
      const shownBytes = lengths.slice(0, shown).reduce((sum, length) => sum + length + 1, 0)
      expect([cut, seen.health]).toMatchObject([cut, { corrupt: [], torn_bytes: cut - shownBytes }])
      expect(snapshot(disk)).toEqual(before)

      await run(
        Effect.gen(function* () {
          const [fact] = yield* write(yield* ledgerOver(yield* open), "b", "after")
          expect([cut, fact?.position]).toEqual([cut, kept + 1])
        }),
      )
      const [head, tail] = [lines.slice(0, kept), textOfBytes(disk.bytes(file)).split("\n")]
      expect([cut, tail.slice(0, kept)]).toEqual([cut, head])
      expect([cut, tail.length]).toEqual([cut, kept + 2])
      const cutOff = whole.slice(shownBytes, cut)
      const copies = quarantined(disk.files("/r")).map((path) => textOfBytes(disk.bytes(path)))
      expect([cut, copies]).toEqual([cut, isWholeLine || cutOff.byteLength === 0 ? [] : [textOfBytes(cutOff)]])
      const again = await run(Effect.flatMap(open, readAll))
      expect([cut, again.events.length, again.health]).toMatchObject([cut, kept + 1, { corrupt: [], torn_bytes: 0 }])
    }
  },
)

it("two tears at one offset leave two copies in quarantine", async () => {
  const { disk, layer, open } = simulated(`${noteLine(1, "one")}\n{"first`)
  // Each of them mends the tear of the one before, and dies as it writes.
  const dying = layerFaultyFiles(layer, (operation, path) =>
    operation === "write" && path === file ? { kind: "die" } : undefined,
  )
  const store = Effect.provide(makeJsonlStore({ root: "/r" }), dying)
  const died = await run(
    Effect.exit(Effect.flatMap(Effect.flatMap(store, ledgerOver), (ledger) => write(ledger, "b", "after"))),
  )
  expect(Exit.isFailure(died)).toBe(true)
  const end = bytesOf(`${noteLine(1, "one")}\n`).byteLength
  disk.overwrite(file, bytesOf(`${textOfBytes(disk.bytes(file)).slice(0, end)}{"second`))
  await run(Effect.flatMap(Effect.flatMap(open, ledgerOver), (ledger) => write(ledger, "b", "after")))
  const copies = quarantined(disk.files(folder)).map((path) => textOfBytes(disk.bytes(path)))
  expect(copies.toSorted()).toEqual(['{"first', '{"second'])
})

it("damaged and blank lines keep their places: a position counts lines that are not blank, a line number counts all", async () => {
  const lines = [
    noteLine(1, "one"),
    "",
    "{ not json",
    "  \t",
    noteLine(3, "three"),
    noteLine(4, "no actor", { actor: " " }),
    noteLine(5, "five"),
  ]
  const { disk, open } = simulated(`${lines.join("\n")}\n`)
  const before = snapshot(disk)
  const { events, health } = await run(Effect.flatMap(open, readAll))
  expect(events.map(({ position }) => position)).toEqual([1, 3, 5])
  expect(health.corrupt.map(({ line_number, position }) => [position, line_number])).toEqual([
    [2, 3],
    [4, 6],
  ])
  expect(health.corrupt[1]?.error).toBe("actor is required")
  expect(snapshot(disk)).toEqual(before)
  await run(
    Effect.gen(function* () {
      const [fact] = yield* write(yield* ledgerOver(yield* open), "b", "after")
      expect(fact?.position).toBe(6)
    }),
  )
  expect(textOfBytes(disk.bytes(file)).startsWith(`${lines.join("\n")}\n`)).toBe(true)
})

it("a line that is not UTF-8 is damaged and named, its neighbours are read", async () => {
  const content = Buffer.concat([
    bytesOf(`${noteLine(1, "one")}\n`),
    Buffer.from(noteLine(2, "\u00ff"), "latin1"),
    bytesOf(`\n${noteLine(3, "three")}\n`),
  ])
  const { events, health } = await run(Effect.flatMap(simulated(content).open, readAll))
  expect(events.map(textOf)).toEqual(["one", "three"])
  expect(health.corrupt).toMatchObject([{ position: 2, line_number: 2, error: "invalid json: the line is not UTF-8" }])
})

it("a copy of an earlier line takes a position, is read once and is no damage", async () => {
  const foreign = (position: number) => noteLine(position, "foreign", { event_id: "from elsewhere" })
  const lines = [
    noteLine(1, "one"),
    foreign(2),
    noteLine(1, "one"),
    foreign(4),
    noteLine(1, "one again"),
    noteLine(6, "six"),
  ]
  const { events, health } = await run(Effect.flatMap(simulated(`${lines.join("\n")}\n`).open, readAll))
  expect(events.map(({ position }) => position)).toEqual([1, 2, 6])
  expect(health).toMatchObject({ corrupt: [], torn_bytes: 0 })
})

it("ids of others are read as they are, whatever number they end in", async () => {
  const ids = [
    "evt_job_accepted_j_000001",
    "evt_note.written_a_000001",
    "x",
    "evt_note.written_a_000003",
    "evt_note.written_a_000002",
  ]
  const lines = ids.map((event_id, i) => noteLine(i + 1, `n${i}`, { event_id }))
  const { events } = await run(Effect.flatMap(simulated(`${lines.join("\n")}\n`).open, readAll))
  expect(events.map(({ event_id }) => event_id)).toEqual(ids)
})

it("an append whose event id an earlier line bears is refused: replay would take it for a copy", async () => {
  // A line was removed by hand, so the ids run ahead of the positions.
  const { open } = simulated(`${noteLine(1, "one")}\n${noteLine(3, "three")}\n`)
  await run(
    Effect.gen(function* () {
      const ledger = yield* ledgerOver(yield* open)
      const refused = yield* Effect.flip(write(ledger, "a", "would be the third"))
      expect(refused).toMatchObject({ _tag: "StoreRefused" })
      yield* write(ledger, "b", "another job")
      expect((yield* collect((yield* ledgerOver(yield* open)).read())).length).toBe(3)
    }),
  )
})

it("a batch that something else broke off is damaged, once, however often it is looked at", async () => {
  const [first] = batch(1, ["x", "y"])
  const half = batch(2, ["p", "q"])
  const { disk, open } = simulated(`${first}\n${half[0]}\n`)
  await run(
    Effect.gen(function* () {
      const store = yield* open
      for (let i = 0; i < 3; i++) {
        const { events, health } = yield* readAll(store)
        expect(events).toEqual([])
        expect(health.corrupt).toMatchObject([{ position: 1, line_number: 1, error: "incomplete batch" }])
      }
      disk.overwrite(file, bytesOf(`${first}\n${half.join("\n")}\n`))
      expect((yield* readAll(store)).events.map(({ position }) => position)).toEqual([2, 3])
    }),
  )
})

it("a file that was replaced before anything was sealed is read anew, and appended to as it is now", async () => {
  for (const now of [
    "",
    `${noteLine(1, "other")}\n`,
    `${noteLine(1, "other")}\n${noteLine(2, "more")}\n${noteLine(3, "x")}\n`,
  ]) {
    const { disk, open } = simulated(`${singles[0]}\n${singles[1]}\n`)
    await run(
      Effect.gen(function* () {
        const ledger = yield* ledgerOver(yield* open)
        expect((yield* collect(ledger.read())).length).toBe(2)
        // As version control does: another file under the name.
        disk.plant(file, bytesOf(now))
        yield* write(ledger, "b", "after")
        expect(textOfBytes(disk.bytes(file)).startsWith(now)).toBe(true)
        const texts = (yield* collect((yield* ledgerOver(yield* open)).read())).map(textOf)
        expect(texts).toEqual([
          ...now
            .split("\n")
            .slice(0, -1)
            .map((line) => JSON.parse(line).payload.text),
          "after",
        ])
        expect((yield* collect(ledger.read())).map(textOf)).toEqual(texts)
        expect(quarantined(disk.files("/r"))).toEqual([])
      }),
    )
  }
})

it("a file that lacks sealed bytes, or is another one, is read as it is and not appended to", async () => {
  const others = Array.from({ length: 9 }, (_, i) => `${noteLine(i + 1, "other")}\n`)
  for (const now of ["", others[0] ?? "", others.join("")]) {
    const { disk, open } = simulated(`${singles[0]}\n${singles[1]}\n`)
    await run(
      Effect.gen(function* () {
        const ledger = yield* ledgerOver(yield* open)
        yield* write(ledger, "b", "third")
        disk.plant(file, bytesOf(now))
        const other = yield* ledgerOver(yield* open)
        for (const each of [ledger, other]) {
          const refused = yield* Effect.flip(write(each, "b", "after"))
          expect([now, refused._tag, refused.message.includes("repair")]).toEqual([now, "StoreRefused", true])
          expect((yield* each.health).damage?.map(({ file }) => file)).toEqual(["ledger.jsonl"])
        }
        expect(textOfBytes(disk.bytes(file))).toBe(now)
      }),
    )
  }
})

it("reading where there is no ledger makes none, and says that it is empty", async () => {
  const { disk, open } = simulated()
  const { events, health } = await run(Effect.flatMap(open, readAll))
  expect([events, health]).toMatchObject([[], { corrupt: [], torn_bytes: 0, unsealed_bytes: 0 }])
  expect(disk.files("/")).toEqual([])
})
