/**
 * What a run has left behind is called off, so that nobody's worker finds it.
 *
 * @module
 */
import { makeClient } from "./Client.ts"
import { doc, list } from "./documents.ts"

const lanes = 8
const over: ReadonlyArray<unknown> = ["completed", "failed", "cancelled"]

export interface LeftBehind {
  readonly url: string
  readonly token: string | undefined
  /** What stands in every id and key of the run. */
  readonly mark: string
  /** The ids that the server made. */
  readonly jobs: ReadonlySet<string>
}

/** The run's jobs that have not ended; where the server does not tell, all that are known. */
const openJobs = async ({ jobs, mark, token, url }: LeftBehind): Promise<ReadonlyArray<string>> => {
  const { ask } = makeClient(() => url, token)
  try {
    const status = await ask("/v1/status", { deadline_ms: 10_000 })
    return list(doc(doc(status.json)["queue"], "queue"), "jobs")
      .filter(({ status: now }) => !over.includes(now))
      .filter(
        ({ idempotency_key, job_id }) =>
          jobs.has(String(job_id)) || `${String(job_id)} ${String(idempotency_key)}`.includes(mark),
      )
      .map(({ job_id }) => String(job_id))
  } catch {
    return [...jobs]
  }
}

/** Cancels the run's jobs, for so long at most. Never fails: the run's verdict is not about this. */
export const tidy = async (left: LeftBehind, within_ms: number): Promise<void> => {
  const until = performance.now() + within_ms
  const { ask } = makeClient(() => left.url, left.token)
  const open = [...(await openJobs(left))]
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (let job_id = open.pop(); job_id !== undefined && performance.now() < until; job_id = open.pop()) {
        const body = { job_id, reason: "conformance run ended" }
        await ask("/v1/jobs/cancel", { method: "POST", body, deadline_ms: 5_000 }).catch(() => undefined)
      }
    }),
  )
}
