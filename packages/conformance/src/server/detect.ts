/**
 * What a server can do, found out by asking it.
 *
 * @module
 */
import { makeClient } from "./Client.ts"
import { type Capabilities, consumers, type Target } from "./Target.ts"

/** The server does not answer as one of JobSpec would, so that nothing can be checked. */
export class NotAServer extends Error {
  override readonly name = "NotAServer"
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * Asks the server what it can do. Appends one job, which is called off again, if it knows failpoints only by ignoring them.
 *
 * @param id a job id that nobody has used
 * @throws {NotAServer} when `/v1/health` does not answer 200
 */
export const detect = async (target: Target, id: string): Promise<Capabilities> => {
  const { ask } = makeClient(() => target.url, target.token)
  const health = await ask("/v1/health").catch((cause: unknown) => {
    throw new NotAServer(`${target.url} does not answer: ${cause instanceof Error ? cause.message : String(cause)}`)
  })
  if (health.status !== 200)
    throw new NotAServer(`${target.url}/v1/health answers ${health.status}, want 200: is this a JobSpec server?`)
  const isServed = async (path: string): Promise<boolean> => (await ask(path)).status === 200
  /** Whether a mutation is read at all: its refusal is that of its body, or of a job that is not there. */
  const isRead = async (path: string, body: unknown): Promise<boolean> => {
    const { json, status } = await ask(path, { method: "POST", body })
    return status < 500 && status !== 403 && status !== 405 && isObject(json) && typeof json["error"] === "string"
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
