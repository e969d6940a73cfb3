/**
 * Fault model: writer processes on one root are killed (`SIGKILL`) at random moments, anywhere in an append, a sealing, a
 * rotation, a saving of the index or a compression. The kernel keeps what they had written.
 */
import { layerNodeFiles } from "@waybill/host"
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect } from "vitest"
import { bundled } from "../../../../scripts/bundled.ts"
import { makeJsonlStore, verifyLedger } from "../../src/index.ts"
import { randomFrom } from "./random.ts"
import { collect, ledgerOver, textOf } from "./texts.ts"

const writer_path = fileURLToPath(new URL("writer.ts", import.meta.url))
/** Small, so that files are rotated and compressed all the time. */
const rotate_bytes = 65_536

interface Acknowledged {
  readonly position: number
  readonly text: string
}

/** Kills so many writers, so many at a time, and audits what is left: nothing acknowledged is lost, nothing is there twice. */
export const killAndAudit = async (kills: number, writers: number, seed: number): Promise<void> => {
  const root = mkdtempSync(join(tmpdir(), "waybill-kills-"))
  const writer = await bundled(writer_path)
  const random = randomFrom(seed)
  const acknowledged: Array<Acknowledged> = []
  let started = 0

  /** Runs one writer until it has acknowledged so many facts, then kills it, wherever it is by then. */
  const life = async (acknowledgements: number, extra: number): Promise<void> => {
    const child: ChildProcess = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", writer, root, `w${started++}`, String(rotate_bytes)],
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
    while (left-- > 0) await life(1 + Math.floor(random() * 15), Math.floor(random() * 400))
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

  const { flaws, sealed, unsealed } = await Effect.runPromise(
    verifyLedger({ root }).pipe(Effect.provide(layerNodeFiles)),
  )
  expect([flaws, sealed + unsealed]).toEqual([[], found.length])
  rmSync(root, { recursive: true, force: true })
}
