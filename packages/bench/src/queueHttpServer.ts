/**
 * A bare HTTP server before a queue, somebody else's or the ledger's: the body is read and parsed, a job is added, and a constant is
 * answered once the job is committed.
 *
 * `node queueHttpServer.ts (pg-boss|graphile-worker) POSTGRES_URL PEERS_FOLDER JOBS`, behind so many jobs, or `node queueHttpServer.ts ledger ROOT`
 *
 * @module
 */
import { createServer } from "node:http"
import { startFileQueue } from "./ledgerQueues.ts"
import { openInstalled } from "./Peers.ts"
import { type PeerQueue, startGraphile, startPgBoss } from "./queuePeers.ts"

const [kind = "", place = "", folder = "", jobs = "0"] = process.argv.slice(2)
/** As many are put into the tables by one statement. */
const fill_max = 10_000

const startPeer = async (): Promise<PeerQueue> => {
  const peer = await (kind === "pg-boss" ? startPgBoss : startGraphile)(place, await openInstalled(folder))
  for (let left = Number(jobs); left > 0; left -= fill_max) await peer.fill(Math.min(left, fill_max))
  return peer
}

const queue = await (kind === "ledger" ? startFileQueue(place) : startPeer())
const answer = `${JSON.stringify({ accepted: true, text: "x".repeat(420) })}\n`

// Connections stay while others are measured.
const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    JSON.parse(Buffer.concat(chunks).toString("utf8"))
    const end = (status: number): void => {
      response.writeHead(status, { "Content-Type": "application/json", "Content-Length": answer.length })
      response.end(answer)
    }
    queue.add().then(
      () => end(202),
      () => end(500),
    )
  })
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
})
