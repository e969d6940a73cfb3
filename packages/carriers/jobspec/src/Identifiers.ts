/**
 * Ids and actors as the contract shapes them (JobSpec v0 §6.4, §9). All of them are opaque to whoever reads them.
 *
 * @module
 */

/** White space, and what an id has no room for. */
const unfit = /[\s./:]/u

/** Trimmed, with `.`, `/`, space and `:` replaced by `_`; an empty result is `daemon`. */
export const sanitise = (text: string): string => {
  if (text !== "" && !unfit.test(text)) return text
  const plain = text.trim().replaceAll(/[./ :]/gu, "_")
  return plain === "" ? "daemon" : plain
}

const sequence = (n: number): string => String(n).padStart(6, "0")

/** `generatedJobId("rpi.run", 1)` is `job_rpi_run_000001`. */
export const generatedJobId = (jobType: string, n: number): string => `job_${sanitise(jobType)}_${sequence(n)}`

/** `generatedRequestId("job_rpi_run_000001", 1)` is `req_job_rpi_run_000001_000001`. */
export const generatedRequestId = (jobId: string, n: number): string => `req_${sanitise(jobId)}_${sequence(n)}`

/**
 * A job's id as one segment of a URL's path. `.` and `..` are written with a space in front, which a server trims: URLs fold them
 * away, also when they are percent-encoded.
 *
 * `jobIdSegment("a/b")` is `a%2Fb`, `jobIdSegment("..")` is `%20..`.
 */
export const jobIdSegment = (jobId: string): string =>
  `${jobId === "." || jobId === ".." ? "%20" : ""}${encodeURIComponent(jobId)}`

/** Who stands in a fact's `actor` for a token: `mutationActor("ao-http", "legacy")` is `ao-http:legacy`. */
export const mutationActor = (base: string, tokenName: string): string => `${base}:${sanitise(tokenName)}`

export const actors = {
  /** The base of those who submit and cancel over HTTP. */
  http: "ao-http",
  worker: "agentopsd-worker",
  scheduler: "agentopsd-scheduler",
  /** Whoever else uses the queue. */
  daemon: "agentopsd",
} as const

/** The request id of every schedule event. */
export const scheduleRequestId = (name: string): string => `schedule-${name}`

/** The id of a consumer snapshot that ends at an event. */
export const snapshotId = (lastEventId: string | undefined): string =>
  lastEventId === undefined || lastEventId === "" ? "snap_empty" : `snap_${lastEventId}`
