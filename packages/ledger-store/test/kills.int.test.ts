import { layerNodeFiles } from "@waybill/host"
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, expect, it } from "vitest"
import { makeJsonlStore } from "../src/index.ts"
import { collect, ledgerOver, textOf } from "./support/texts.ts"

const root = mkdtempSync(join(tmpdir(), "waybill-kills-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const writer_path = fileURLToPath(new URL("support/writer.ts", import.meta.url))
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000)
const kills = 30
const writers = 3

/** mulberry32 */
const randomFrom = (start: number) => {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Acknowledged {
  readonly position: number
  readonly text: string
}

it(`${kills} kills among ${writers} writers lose nothing that was acknowledged and double nothing (SEED=${seed})`, async () => {
  const random = randomFrom(seed)
  const acknowledged: Array<Acknowledged> = []
  let started = 0

  /** Runs one writer until it has acknowledged so many facts, then kills it, wherever it is by then. */
  const life = async (acknowledgements: number, extra: number): Promise<void> => {
    const child: ChildProcess = spawn(
      process.execPath,
      ["--conditions=@waybill/source", "--disable-warning=ExperimentalWarning", writer_path, root, `w${started++}`],
      { stdio: ["ignore", "pipe", "inherit"] },
    )
    let text = ""
    let isKilled = false
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      if (isKilled || text.split("\n").length <= acknowledgements) return
      isKilled = true
      // A number of turns of the loop, so that the blow falls anywhere within an append.
      let turns = extra
      const strike = () => (turns-- > 0 ? setImmediate(strike) : child.kill("SIGKILL"))
      strike()
    })
    const [code, signal] = await once(child, "close")
    expect([code, signal]).toEqual([null, "SIGKILL"])
    for (const line of text.split("\n").slice(0, -1)) {
      const [position = "", said = ""] = line.split(" ")
      acknowledged.push({ position: Number(position), text: said })
    }
  }

  let left = kills
  const line = async () => {
    while (left-- > 0) await life(1 + Math.floor(random() * 30), Math.floor(random() * 400))
  }
  await Promise.all(Array.from({ length: writers }, line))

  const events = await Effect.runPromise(
    Effect.gen(function* () {
      const ledger = yield* ledgerOver(yield* makeJsonlStore({ root }))
      const events = yield* collect(ledger.read())
      expect((yield* ledger.health).corrupt).toEqual([])
      return events
    }).pipe(Effect.scoped, Effect.provide(layerNodeFiles)),
  )
  const found = events.map((event) => ({ position: event.position, text: textOf(event) }))
  expect(acknowledged.length).toBeGreaterThan(kills)

  const at = new Map(found.map(({ position, text }) => [text, position]))
  expect(at.size).toBe(found.length)
  expect(acknowledged.filter(({ position, text }) => at.get(text) !== position)).toEqual([])
  expect(found.every(({ position }, i) => position === (found[i - 1]?.position ?? 0) + 1)).toBe(true)

  // What nobody heard of is at most the last append of each life, and a batch is whole.
  const heard = new Set(acknowledged.map(({ text }) => text))
  const unheard = found.filter(({ text }) => !heard.has(text)).map(({ text }) => text.replace(/[abc]$/u, ""))
  const lives = [...new Set(unheard)].map((text) => text.split(":")[0])
  expect(new Set(lives).size).toBe(lives.length)
  const parts = found.filter(({ text }) => /[abc]$/u.test(text))
  expect(parts.length % 3).toBe(0)

  const lines = readFileSync(join(root, ".agents", "daemon", "ledger.jsonl"), "utf8").split("\n")
  expect(lines.slice(0, found.length).every((text) => text.startsWith("{") && text.endsWith("}"))).toBe(true)
}, 120_000)
