/**
 * What a worker does over HTTP (`POST /waybill/v1/…`, docs/workers.md), as laws do it.
 *
 * @module
 */
import { createHash } from "node:crypto"
import { DoesNotApply, Violation, Words } from "../Law.ts"
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
/** How long a lease is that is to end. A server may make it longer: it says until when. */
export const short_lease = "30ms"
/** What is waited beyond a lease's end, and the longest wait for one. */
const lapse_more_ms = 90
const lapse_ms_max = 5_000

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

/** A token of one's own for a claim, as a worker sends it that may have to ask again: then the requests can be repeated as they are. */
export const tokenFor = (desk: Desk): string => createHash("sha256").update(desk.fresh("hold")).digest("hex")

/** Claims a job and expects to get it; `named` is the token that is sent with it, and empty for one that the server makes. */
export const claim = async (
  desk: Desk,
  job_id: string,
  lease: string = long_lease,
  named: { readonly claim_token?: string } = { claim_token: tokenFor(desk) },
): Promise<Hold & { readonly answer: Doc }> => {
  const answer = answered(`the claim of ${job_id}`, await work(desk, job_id, "claim", { lease, ...named }))
  return { ...holdIn(answer), answer }
}

/** Makes a job and claims it. */
export const held = async (
  desk: Desk,
  lease?: string,
): Promise<{ readonly job_id: string; readonly hold: Hold; readonly answer: Doc }> => {
  const job_id = desk.fresh()
  await desk.submit({ job_type: "eval.suite", job_id })
  const { answer, claim_token, lease_epoch } = await claim(desk, job_id, lease)
  return { job_id, hold: { claim_token, lease_epoch }, answer }
}

/**
 * Waits until the lease that a claim was answered with has ended, by the server's own clock.
 *
 * @throws {DoesNotApply} when the server gives leases that are too long to be waited for
 */
export const lapsed = async (desk: Desk, answer: Doc): Promise<void> => {
  const ends = text(answer, "lease_expires_at")
  const now = Date.parse(text(answered("GET /v1/health", await desk.get("/v1/health")), "now"))
  const left_ms = Date.parse(ends) - now
  if (Number.isNaN(left_ms))
    throw new Violation({ what: "lease_expires_at", expected: new Words("a time"), found: ends })
  if (left_ms > lapse_ms_max)
    throw new DoesNotApply(
      `a lease of ${short_lease} was asked for, and the server gave one of ${left_ms} ms: too long to wait for`,
    )
  await wait(Math.max(0, left_ms) + lapse_more_ms)
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
