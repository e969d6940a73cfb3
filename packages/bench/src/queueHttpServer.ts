/**
 * The bare HTTP server before a queue, somebody else's or the ledger's. What waits is added to somebody else's in one call and one
 * commit, as the bare server writes it in one piece; the ledger is given each by itself, and groups what waits as it does anywhere.
 *
 * `node queueHttpServer.ts (pg-boss|graphile-worker) POSTGRES_URL PEERS_FOLDER JOBS`, behind so many jobs, or `node queueHttpServer.ts ledger ROOT`
 *
 * @module
 */
import type { ServerResponse } from "node:http"
import { answerWith, inGroups, serveSubmissions } from "./bareSubmissions.ts"
import { startFileQueue } from "./ledgerQueues.ts"
import { openInstalled } from "./Peers.ts"
import { startGraphile, startPgBoss } from "./queuePeers.ts"

const [kind = "", place = "", folder = "", jobs = "0"] = process.argv.slice(2)
/** As many are put into the tables by one statement. */
const fill_max = 10_000

interface Submission {
  readonly body: object
  readonly response: ServerResponse
}

const answerAll = async (added: Promise<void>, group: ReadonlyArray<Submission>): Promise<void> => {
  const status = await added.then(
    () => 202 as const,
    () => 500 as const,
  )
  for (const { response } of group) answerWith(response, status)
}

const takeByPeer = async (): Promise<(submission: Submission) => void> => {
  const peer = await (kind === "pg-boss" ? startPgBoss : startGraphile)(place, await openInstalled(folder))
  for (let left = Number(jobs); left > 0; left -= fill_max) await peer.fill(Math.min(left, fill_max))
  return inGroups((group) => answerAll(peer.addAll(group.map(({ body }) => body)), group))
}

const takeByLedger = async (): Promise<(submission: Submission) => void> => {
  const queue = await startFileQueue(place)
  return (submission) => void answerAll(queue.add(), [submission])
}

const take = await (kind === "ledger" ? takeByLedger : takeByPeer)()
serveSubmissions((body, response) => take({ body, response }))
