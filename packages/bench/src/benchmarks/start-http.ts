import { encodeLine } from "@waybill/ledger"
import { createReadStream } from "node:fs"
import { mkdir, open, rm } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { make } from "../Benchmark.ts"
import { jobspecEvents } from "../jobspecEvents.ts"
import { makeRoot, removeRoot } from "../jsonlFolder.ts"
import { startJobspecServer } from "../jobspecServer.ts"

const events_full = 300_000
const page = 10_000

const folderOf = (root: string): string => join(root, ".agents", "daemon")

interface Input {
  readonly root: string
  readonly events_count: number
}

const written = async (events_count: number): Promise<Input> => {
  const root = await makeRoot()
  await mkdir(folderOf(root), { recursive: true, mode: 0o700 })
  const file = await open(join(folderOf(root), "ledger.jsonl"), "wx", 0o600)
  const events = jobspecEvents(events_count)
  for (let at = 0; at < events_count; at += page)
    await file.write(
      events
        .slice(at, at + page)
        .map((event) => `${encodeLine(event)}\n`)
        .join(""),
    )
  await file.close()
  return { root, events_count }
}

/** Whatever an earlier start has kept to be quicker the next time. */
const forget = async ({ root }: Input): Promise<void> => {
  for (const name of ["checkpoints", "index", "seals"])
    await rm(join(folderOf(root), name), { recursive: true, force: true })
}

/** From nothing to the line that says where the server is: by then everything is folded. */
const startServer = async ({ events_count, root }: Input): Promise<number> => {
  const server = await startJobspecServer(root)
  await server.stop()
  return events_count
}

/** The least that a server in Node can do with such a ledger before it answers. */
const parseLines = async ({ root }: Input): Promise<number> => {
  let count = 0
  for await (const line of createInterface({ input: createReadStream(join(folderOf(root), "ledger.jsonl")) }))
    if (typeof JSON.parse(line) === "object") count++
  return count
}

export default make({
  name: "start-http",
  title: "Starting a server on a long ledger",
  unit: "events",
  input: async (_, { scaled }) => {
    const again = await written(scaled(events_full))
    await startServer(again)
    return { ...(await written(scaled(events_full))), again }
  },
  amount: ({ events_count }) => events_count,
  describe: ({ events_count }) =>
    `${events_count} events of a queue in one file, as another implementation left them: a first start seals them and keeps what it folded`,
  prepare: forget,
  subjects: [
    { name: "the server, up to its first line", role: "subject", run: startServer },
    { name: "the server, started before", role: "subject", run: ({ again }) => startServer(again) },
    { name: "reading the lines, JSON.parse of each", role: "limit", run: parseLines },
  ],
  check: (count, { events_count }) => {
    if (count !== events_count) throw new Error(`${count} events, want ${events_count}`)
  },
  close: async ({ again, root }) => {
    await removeRoot(root)
    await removeRoot(again.root)
  },
})
