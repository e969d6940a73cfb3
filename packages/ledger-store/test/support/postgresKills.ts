/**
 * Fault model: processes that append to one ledger in PostgreSQL are killed (`SIGKILL`) at random moments, also while they hold
 * the head; the server lives on.
 */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { expect } from "vitest"
import { bundled } from "../../../../scripts/bundled.ts"
import type { TestServer } from "./postgres.ts"
import { randomFrom } from "./random.ts"
import { collect, ledgerOver, textOf } from "./texts.ts"

const victim_path = fileURLToPath(new URL("postgresVictim.ts", import.meta.url))

/** Runs one process until it has acknowledged so much, then kills it wherever it is; answers with what it said. */
const life = async (
  victim: string,
  args: ReadonlyArray<string>,
  acknowledgements: number,
  turns: number,
): Promise<string> => {
  const child = spawn(process.execPath, [victim, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  let said = ""
  let left = turns
  let isDoomed = false
  const strike = () => (left-- > 0 ? setImmediate(strike) : child.kill("SIGKILL"))
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk
    if (isDoomed || said.split("\n").length <= acknowledgements) return
    isDoomed = true
    strike()
  })
  const [code, signal] = await once(child, "close")
  expect([code, signal]).toEqual([null, "SIGKILL"])
  return said
}

/** Kills so many processes, so many at a time: what was acknowledged is there, once, and whoever is left goes on. */
export const killAndAudit = async (
  { freshSchema, open, server }: TestServer,
  kills: number,
  at_a_time: number,
  seed: number,
): Promise<void> => {
  const random = randomFrom(seed)
  const schema = freshSchema()
  const victim = await bundled(victim_path)
  const said: Array<string> = []
  let started = 0
  const line = async () => {
    while (started < kills) {
      const name = `w${started++}`
      said.push(
        await life(victim, [server().url, schema, name], 1 + Math.floor(random() * 30), Math.floor(random() * 400)),
      )
    }
  }
  await Promise.all(Array.from({ length: at_a_time }, line))

  const events = await Effect.runPromise(
    Effect.scoped(Effect.flatMap(Effect.flatMap(open(schema), ledgerOver), (ledger) => collect(ledger.read()))),
  )
  const found = new Map(events.map((event) => [textOf(event), event.position]))
  expect(found.size).toBe(events.length)
  expect(events.map(({ position }) => position)).toEqual(events.map((_, i) => i + 1))
  const acknowledged = said.flatMap((text) => text.split("\n").slice(0, -1)).map((each) => each.split(" "))
  expect(acknowledged.length).toBeGreaterThanOrEqual(kills)
  expect(acknowledged.filter(([position, text]) => found.get(text ?? "") !== Number(position))).toEqual([])
  // A batch is whole, and what nobody heard of is at most the last append of each life.
  expect(events.filter((event) => /[abc]$/u.test(textOf(event))).length % 3).toBe(0)
  const heard = new Set(acknowledged.map(([, text]) => text))
  const unheard = events.map(textOf).filter((text) => !heard.has(text))
  const appends = [...new Set(unheard.map((text) => text.replace(/[abc]$/u, "")))]
  expect(new Set(appends.map((text) => text.split(":")[0])).size).toBe(appends.length)
}
