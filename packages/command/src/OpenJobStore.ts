import type { Application } from "./Application.ts"
import type { JobStore } from "./JobStore.ts"

/**
 * The store that a program's jobs are remembered in, for the process that does the work: it tells how its job ended.
 *
 * @example
 * const jobs = await openJobStore(app)
 * await jobs.end(job_id, { status: "complete", result: { pages: 12 } })
 */
export const openJobStore = async (
  app: Pick<Application, "name" | "job_store">,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<JobStore> => {
  const { jobStoreOf } = await import("./Jobs.ts")
  return jobStoreOf(app, env)
}
