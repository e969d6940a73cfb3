/**
 * The facts of a server's ledger as lines of JSON, as they stand, and with `--follow` as they come.
 *
 * @module
 */
import type { Context } from "@waybill/command"
import { setTimeout as sleep } from "node:timers/promises"
import type { EventWords } from "../jobs/showEvents.ts"
import { type Client, type Document, documentsIn, isDocument, makeClient } from "./Client.ts"
import { strange } from "./refusals.ts"
import { readServerSentEvents } from "./serverSentEvents.ts"
import type { ServerPlace } from "./ServerPlace.ts"

const pause_ms = 1_000
const nowhere = "waybill-end"

type Take = (event: Document) => Promise<void>

const taker = ({ after, job, type }: EventWords, ctx: Pick<Context, "write">): Take => {
  return async (event) => {
    const { event_type, job_id, position } = event
    if (typeof position === "number" && position <= after) return
    if (job !== undefined && job_id !== job) return
    if (type !== undefined && !(typeof event_type === "string" && event_type.startsWith(type))) return
    await ctx.write(event)
  }
}

/** What a server without positions and following has: its list. */
const listAll = async (client: Client, words: EventWords, take: Take): Promise<void> => {
  if (words.follow || words.after > 0) throw strange(client.server, "cannot follow, and knows no positions")
  for (const event of documentsIn(await client.get("/v1/events"), "events")) await take(event)
}

interface Progress {
  /** Of the last event that was told. */
  position: number
  /** Whether the server has ever answered. */
  isOpen: boolean
}

/** Tells the events after a position, until the connection ends or one of this id was told. */
const follow = async (
  client: Client,
  progress: Progress,
  last: string | undefined,
  take: Take,
): Promise<"over" | "cut" | "unable"> => {
  const headers = { Accept: "text/event-stream", "Last-Event-ID": String(progress.position) }
  const response = await client.open("/v1/events", headers)
  if (response.body === null || response.headers.get("content-type")?.startsWith("text/event-stream") !== true) {
    await response.body?.cancel()
    return "unable"
  }
  progress.isOpen = true
  for await (const { data, id } of readServerSentEvents(response.body)) {
    const event: unknown = JSON.parse(data)
    if (!isDocument(event)) throw strange(client.server, "sent an event that is no JSON object")
    await take({ position: Number(id), ...event })
    progress.position = Number(id)
    if (event["event_id"] === last) return "over"
  }
  return "cut"
}

/** Prints what a server's ledger holds. A connection that breaks while following is made anew, and nothing is told twice. */
export const showServerEvents = async (
  words: EventWords,
  server: ServerPlace,
  ctx: Pick<Context, "fetch" | "log" | "signal" | "write">,
): Promise<void> => {
  const client = makeClient(server, ctx)
  const take = taker(words, ctx)
  const head = await client.get(`/v1/plans/diff?since=${nowhere}&limit=1`)
  const end = typeof head["last_event_id"] === "string" ? head["last_event_id"] : ""
  if (end === "" && !words.follow) return
  // The last event of now is seen only from before it, and which position it has is not known: all are read then.
  const progress: Progress = { position: words.follow ? words.after : 0, isOpen: false }
  for (;;) {
    try {
      const how = await follow(client, progress, words.follow ? undefined : end, take)
      if (how === "unable") return await listAll(client, words, take)
      if (how === "over") return
    } catch (thrown) {
      if (ctx.signal.aborted || !progress.isOpen) throw thrown
      ctx.log(`the connection to ${server.url} broke: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
    }
    await sleep(pause_ms, undefined, { signal: ctx.signal })
  }
}
