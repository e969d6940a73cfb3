/**
 * What a worker does over HTTP (`POST /waybill/v1/…`, docs/workers.md), as laws do it.
 *
 * @module
 */
import type { AskOptions } from "./Client.ts"
import { answered, type Desk, refused } from "./Desk.ts"
import { type Doc, number, text } from "./documents.ts"
import type { Answer } from "./Exchange.ts"

/** A worker's hold on a job: what it sends with everything. */
export interface Hold {
  readonly claim_token: string
  readonly lease_epoch: number
}

export type Verb = "claim" | "heartbeat" | "complete" | "fail" | "release"

/** So long that no lease ends while a law goes on. */
export const long_lease = "10m"
/** How long a lease is that is to end, and how long to wait until it has. */
export const short_lease = "30ms"
export const short_wait_ms = 120

export const work = (
  desk: Desk,
  job_id: string,
  verb: Verb,
  body: object = {},
  options?: AskOptions,
): Promise<Answer> => desk.post(`/waybill/v1/jobs/${encodeURIComponent(job_id)}/${verb}`, body, options)

export const holdIn = (claimed: Doc): Hold => ({
  claim_token: text(claimed, "claim_token"),
  lease_epoch: number(claimed, "lease_epoch"),
})

/** Claims a job and expects to get it. */
export const claim = async (
  desk: Desk,
  job_id: string,
  lease: string = long_lease,
): Promise<Hold & { readonly answer: Doc }> => {
  const answer = answered(`the claim of ${job_id}`, await work(desk, job_id, "claim", { lease }))
  return { ...holdIn(answer), answer }
}

/** Makes a job and claims it. */
export const held = async (desk: Desk, lease?: string): Promise<{ readonly job_id: string; readonly hold: Hold }> => {
  const job_id = desk.fresh()
  await desk.submit({ job_type: "eval.suite", job_id })
  const { claim_token, lease_epoch } = await claim(desk, job_id, lease)
  return { job_id, hold: { claim_token, lease_epoch } }
}

/** Fails the law unless the hold is worth nothing: every use of it is a conflict. */
export const powerless = async (desk: Desk, job_id: string, hold: object, why: string): Promise<void> => {
  for (const verb of ["heartbeat", "complete", "fail"] as const)
    refused(`${verb} ${why}`, await work(desk, job_id, verb, hold), 409)
}

export const wait = (time_ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, time_ms))

/** The types of a job's events since the law began. */
export const typesOf = async (desk: Desk, job_id: string): Promise<ReadonlyArray<string>> =>
  (await desk.eventsOf(job_id)).map((event) => text(event, "event_type"))
