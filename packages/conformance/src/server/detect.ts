/**
 * What a server can do, found out by asking it.
 *
 * @module
 */
import { type AskOptions, makeClient, NoAnswer } from "./Client.ts"
import type { Answer } from "./Exchange.ts"
import { type Capabilities, consumers, type Target } from "./Target.ts"

/** The server does not answer as one of JobSpec would, so that nothing can be checked. */
export class NotAServer extends Error {
  override readonly name = "NotAServer"
}

/** The server does not take the token: whatever would follow says nothing about the server. */
export class TokenRefused extends Error {
  override readonly name = "TokenRefused"
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A server lacks a route only where it says so: one that fails there has it, and it is broken. */
const isAbsent = ({ status }: Answer): boolean => status === 404 || status === 405

/**
 * Asks the server what it can do. Appends one job, which is called off again, if it knows failpoints only by ignoring them.
 *
 * @param id a job id that nobody has used
 * @param ask_ms how long each answer is waited for
 * @throws {NotAServer} when `/v1/health` does not answer 200, or something that is asked here gets no answer
 * @throws {TokenRefused} when a route for mutations refuses the token
 */
export const detect = async (target: Target, id: string, ask_ms: number): Promise<Capabilities> => {
  const client = makeClient(() => target.url, target.token)
  const ask = (path: string, options: AskOptions = {}): Promise<Answer> =>
    client.ask(path, { deadline_ms: ask_ms, ...options }).catch((cause: unknown) => {
      if (path === "/v1/health" || !(cause instanceof NoAnswer)) throw cause
      throw new NotAServer(`${target.url} answers /v1/health, but not ${cause.message}`, { cause })
    })
  const health = await ask("/v1/health").catch((cause: unknown) => {
    throw new NotAServer(`${target.url} does not answer: ${cause instanceof Error ? cause.message : String(cause)}`)
  })
  if (health.status !== 200)
    throw new NotAServer(`${target.url}/v1/health answers ${health.status}, want 200: is this a JobSpec server?`)
  const isServed = async (path: string): Promise<boolean> => !isAbsent(await ask(path))
  /** Whether a mutation is there: its 404 may be that of a job, which a server tells with an error in JSON. */
  const isRead = async (path: string, body: unknown): Promise<boolean> => {
    const answer = await ask(path, { method: "POST", body })
    if (answer.status === 401 || answer.status === 403)
      throw new TokenRefused(
        `POST ${target.url}${path}: the server refuses the token with ${answer.status} ${answer.text.trimEnd().slice(0, 200)}`,
      )
    if (!isAbsent(answer)) return true
    return answer.status === 404 && isObject(answer.json) && typeof answer.json["error"] === "string"
  }
  const mutates = target.token !== undefined && (await isRead("/v1/jobs", {}))
  const failpoints = async (): Promise<boolean> => {
    const { status } = await ask("/v1/jobs", {
      method: "POST",
      body: { job_type: "eval.suite", job_id: id },
      headers: { "X-AgentOps-Failpoint": "before_append" },
    })
    if (status === 202) await ask("/v1/jobs/cancel", { method: "POST", body: { job_id: id, reason: "conformance" } })
    return status === 503
  }
  const served = await Promise.all(consumers.map(({ prefix }) => isServed(`${prefix}/health`)))
  return {
    mutates,
    cancels: mutates && (await isRead("/v1/jobs/cancel", {})),
    works: mutates && (await isRead(`/waybill/v1/jobs/${id}-absent/claim`, {})),
    consumers: consumers.filter((_, i) => served[i] === true),
    aliases: await isServed("/health"),
    schedules: await isServed("/v1/schedules"),
    plans: await isServed("/v1/plans/manifest"),
    failpoints: mutates && (await failpoints()),
  }
}
