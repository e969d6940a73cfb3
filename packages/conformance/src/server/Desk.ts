/**
 * Where one law sits when it checks a server: what it can ask for, in the words of the contract.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util"
import { differing, Violation, Words } from "../Law.ts"
import { type AskOptions, type Client, makeClient } from "./Client.ts"
import { type Doc, doc, isDoc, list, text } from "./documents.ts"
import { type Earlier, evidenceBefore, evidenceOf, strangersTo } from "./evidence.ts"
import type { Answer } from "./Exchange.ts"
import type { Capabilities, Target } from "./Target.ts"

/** What one law gets. */
export interface Desk extends Client {
  readonly target: Target
  readonly can: Capabilities
  /** The run's seed; whatever is drawn is drawn from it. */
  readonly seed: number
  /** How long a law that searches may go on. */
  readonly search_ms: number
  /** A job id, key or request id that nobody has used, for whoever reads the ledger afterwards with a word of one's own. */
  readonly fresh: (word?: string) => string
  readonly get: (path: string, options?: AskOptions) => Promise<Answer>
  readonly post: (path: string, body?: unknown, options?: AskOptions) => Promise<Answer>
  /** Submits and expects a 202; answers its document. */
  readonly submit: (fields: Readonly<Record<string, unknown>>) => Promise<Doc>
  readonly cancel: (job_id: string, more?: Readonly<Record<string, unknown>>) => Promise<Answer>
  /** The events after a cursor, all of them. */
  readonly events: (since?: string) => Promise<ReadonlyArray<Doc>>
  /** What was recorded since this law began. */
  readonly recent: () => Promise<ReadonlyArray<Doc>>
  /** What was recorded of one job since this law began. */
  readonly eventsOf: (job_id: string) => Promise<ReadonlyArray<Doc>>
  /** The ledger's last event, the cursor for what comes now; `undefined` on an empty ledger. */
  readonly end: () => Promise<string | undefined>
  /** The job in `/v1/status`, or `undefined`. */
  readonly job: (job_id: string) => Promise<Doc | undefined>
  /** Kills the server and starts it again; only where the target can. */
  readonly restart: (meanwhile?: () => Promise<void>) => Promise<void>
  /**
   * The requests that a report shows for a failure, as commands for a shell; where its reason names jobs, those about them, also where
   * an earlier law has made them.
   */
  readonly evidence: (reason: string) => ReadonlyArray<string>
  /** Shows the requests about one of these words, such as the job that was given twice, instead of the last ones. */
  readonly about: (words: ReadonlyArray<string>) => void
  /** Shows these requests instead of the last ones: the shortest that still fail. */
  readonly show: (lines: ReadonlyArray<string>) => void
}

export interface DeskOptions {
  readonly can: Capabilities
  readonly seed: number
  readonly search_ms: number
  readonly fresh: (word?: string) => string
  /** The ledger's last event when the law begins. */
  readonly since: string | undefined
  /** Every job that the run was answered with; the desk adds its own. */
  readonly jobs: Set<string>
  /** What the laws before this one have sent. */
  readonly earlier: ReadonlyArray<Earlier>
}

/** The server's address changes when it is started again. */
export interface Address {
  url: string
}

/** Fails the law. */
export const violated = (what: string, expected: unknown, found: unknown): never => {
  throw new Violation({ what, expected, found })
}

/** Fails the law unless both are the same data. */
export const same = (what: string, found: unknown, expected: unknown): void => {
  if (!isDeepStrictEqual(found, expected)) throw differing(what, found, expected)
}

/** Fails the law unless it is so. */
export const holds = (what: string, isSo: boolean, found: unknown): void => {
  if (!isSo) violated("", new Words(`that ${what}`), found)
}

const errorText = (error: string | RegExp): string =>
  typeof error === "string" ? JSON.stringify(error) : `that matches ${String(error)}`

const answerWords = ({ status, text: body }: Answer): Words => new Words(`${status} ${body.slice(0, 500).trimEnd()}`)

/** Fails the law unless the answer has this status, and this text as its error where one is given. */
export const refused = (
  what: string,
  answer: Answer,
  status: number | ReadonlyArray<number>,
  error?: string | RegExp,
): void => {
  const statuses = typeof status === "number" ? [status] : status
  const isStatus = statuses.includes(answer.status)
  const said = doc(answer.json ?? {})["error"]
  const isSaid =
    error === undefined || (typeof said === "string" && (typeof error === "string" ? said === error : error.test(said)))
  if (!isStatus || !isSaid)
    violated(
      what,
      new Words(`${statuses.join(" or ")}${error === undefined ? "" : ` with the error ${errorText(error)}`}`),
      answerWords(answer),
    )
}

/** The document of an answer with this status. */
export const answered = (what: string, answer: Answer, status = 200): Doc => {
  if (answer.status !== status || answer.json === undefined)
    violated(what, new Words(`${status} with a JSON document`), answerWords(answer))
  return doc(answer.json)
}

export const makeDesk = (
  target: Target,
  address: Address,
  { can, earlier, fresh, jobs, search_ms, seed, since }: DeskOptions,
): Desk => {
  const client = makeClient(() => address.url, target.token)
  const restarts: Array<number> = []
  const ask: Desk["ask"] = async (path, options) => {
    const answer = await client.ask(path, options)
    if (answer.status === 202 && isDoc(answer.json) && typeof answer.json["job_id"] === "string")
      jobs.add(answer.json["job_id"])
    return answer
  }
  let words: ReadonlyArray<string> = []
  let focus: ReadonlyArray<string> | undefined
  const get: Desk["get"] = (path, options = {}) => ask(path, { ...options, method: "GET" })
  const post: Desk["post"] = (path, body, options = {}) =>
    ask(path, { ...options, method: "POST", ...(body === undefined ? {} : { body }) })
  const events: Desk["events"] = async (cursor) => {
    const path = cursor === undefined ? "/v1/events" : `/v1/events?since=${encodeURIComponent(cursor)}`
    return list(answered("GET /v1/events", await get(path, { deadline_ms: 60_000 })), "events")
  }
  return {
    ...client,
    ask,
    target,
    can,
    seed,
    search_ms,
    fresh,
    get,
    post,
    submit: async (fields) => {
      const answer = answered("POST /v1/jobs", await post("/v1/jobs", fields), 202)
      text(answer, "job_id")
      return answer
    },
    cancel: (job_id, more = {}) => post("/v1/jobs/cancel", { job_id, ...more }),
    events,
    recent: () => events(since),
    eventsOf: async (job_id) => (await events(since)).filter((event) => event["job_id"] === job_id),
    end: async () => {
      const last = answered("GET /v1/events", await get("/v1/events?limit=0"))["last_event_id"]
      return typeof last === "string" && last !== "" ? last : undefined
    },
    job: async (job_id) => {
      const status = answered("GET /v1/status", await get("/v1/status", { deadline_ms: 60_000 }))
      return list(doc(status["queue"], "queue"), "jobs").find((job) => text(job, "job_id") === job_id)
    },
    restart: async (meanwhile) => {
      if (target.restart === undefined) throw new TypeError("the target cannot be restarted")
      restarts.push(Math.max(0, ...client.exchanges().map(({ began }) => began)))
      address.url = (await target.restart(meanwhile)).url
    },
    evidence: (reason) => {
      if (focus !== undefined) return focus
      const exchanges = client.exchanges()
      const named = words.length > 0 ? words : [...jobs].filter((id) => reason.includes(id))
      const also = words.length > 0 ? undefined : exchanges.at(-1)
      const strangers = strangersTo(exchanges, named)
      if (strangers.length === 0) return evidenceOf(exchanges, target.token, { words: named, also, restarts })
      const own = named.filter((word) => !strangers.includes(word))
      const reads = exchanges.filter(({ asked }) => asked.method === "GET")
      return [
        ...evidenceBefore(earlier, target.token, strangers),
        ...evidenceOf(own.length === 0 ? reads : exchanges, target.token, { words: own, also, restarts }),
      ]
    },
    about: (chosen) => {
      words = chosen
    },
    show: (lines) => {
      focus = lines
    },
  }
}
