/**
 * The consumer surface: resources with their provenance, from the same jobs as every other answer (JobSpec v0 §13).
 *
 * @module
 */
import { formatTime, type View } from "@waybill/ledger"
import { type ConsumerNames, openclaw_names } from "./ConsumerNames.ts"
import { isObject, type Refs, type Texts } from "./EventFields.ts"
import { snapshotId } from "./Identifiers.ts"
import { type JobEntity, jobProjection, resourceCounts, type ResultStatus } from "./JobProjection.ts"
import type { JobTypes } from "./JobTypes.ts"
import { manifestStatus, type ManifestStatus, source_ledger, type Staleness } from "./Manifests.ts"
import type { Status } from "./QueueJob.ts"
import { unlessEmpty } from "./QueueJobState.ts"
import { degradedReasons, isReady, type Replay } from "./Replay.ts"
import { List } from "./WireDocument.ts"

export type ResourceKind = "run" | "job" | "wiki"

/** Where something in a resource comes from. */
export interface ProvenanceLink {
  readonly rel: "source-event" | "source-job" | "source-run" | "artifact"
  readonly kind: "daemon-ledger-event" | "daemon-job" | "daemon-run" | "artifact"
  readonly event_id?: string
  readonly uri?: string
  readonly path?: string
  readonly job_id?: string
  readonly run_id?: string
  readonly artifact?: string
}

export interface Resource {
  readonly resource_id: string
  readonly resource_kind: ResourceKind
  readonly job_id?: string
  readonly job_type?: string
  readonly run_id?: string
  readonly request_id?: string
  readonly request_ids?: ReadonlyArray<string>
  readonly status: Status
  readonly result_status?: ResultStatus
  readonly failure?: { readonly code: string; readonly message: string; readonly retryable?: boolean }
  readonly artifacts?: Texts
  readonly artifact_refs?: Refs
  readonly projection_targets?: ReadonlyArray<string>
  readonly created_at?: string
  readonly updated_at?: string
  readonly last_event_id?: string
  readonly provenance?: ReadonlyArray<ProvenanceLink>
}

const isRun = (types: JobTypes, type: string): boolean => {
  const family = types.family(type)
  return family === "rpi" || family === "dream"
}

const provenance = (job: JobEntity, run_id: string | undefined): ReadonlyArray<ProvenanceLink> => {
  const { job_id } = job
  const run = unlessEmpty("run_id", run_id)
  const artifacts = Object.entries(job.artifacts ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([artifact, at]): ProvenanceLink => ({
      rel: "artifact",
      kind: "artifact",
      ...(at.includes("://") ? { uri: at } : { path: at }),
      job_id,
      ...run,
      artifact,
    }))
  return [
    { rel: "source-event", kind: "daemon-ledger-event", event_id: job.last_event_id },
    { rel: "source-job", kind: "daemon-job", job_id },
    ...(run_id === undefined ? [] : [{ rel: "source-run", kind: "daemon-run", job_id, run_id } as const]),
    ...artifacts,
  ]
}

/** A job as a consumer sees it in the list of `kind`. */
export const resource = (job: JobEntity, kind: ResourceKind, types: JobTypes): Resource => {
  const { failure, job_id, job_type, request_id, request_ids, result_status, status, ...rest } = jobProjection(job)
  const run_id = isRun(types, job.job_type) ? job_id : undefined
  return {
    resource_id: kind === "wiki" ? `wiki-${job_id}` : job_id,
    resource_kind: kind,
    job_id,
    ...unlessEmpty("job_type", job_type),
    ...unlessEmpty("run_id", run_id),
    ...unlessEmpty("request_id", request_id),
    ...unlessEmpty("request_ids", request_ids),
    status,
    ...unlessEmpty("result_status", result_status),
    ...(failure === undefined ? {} : { failure: { message: "", ...failure } }),
    ...rest,
    provenance: provenance(job, run_id),
  }
}

export interface Resources {
  readonly runs: List<Resource>
  readonly jobs: List<Resource>
  readonly wiki: List<Resource>
}

const listOf = (jobs: View<JobEntity>, kind: ResourceKind, types: JobTypes): List<Resource> =>
  List.from(
    jobs.entries(),
    ({ job_type }) => {
      if (kind === "job") return true
      return kind === "run" ? isRun(types, job_type) : types.family(job_type) === "wiki"
    },
    (job) => resource(job, kind, types),
  )

/** The three lists; `jobs` holds every job. */
export const resources = (jobs: View<JobEntity>, types: JobTypes): Resources => ({
  runs: listOf(jobs, "run", types),
  jobs: listOf(jobs, "job", types),
  wiki: listOf(jobs, "wiki", types),
})

/** What the consumer's documents are made from. */
export interface ConsumerViews {
  readonly jobs: View<JobEntity>
  readonly states: View<Staleness>
}

const source = (lastEventId: string | undefined) => ({
  ledger: source_ledger,
  ...unlessEmpty("last_event_id", lastEventId),
})

export interface ConsumerSnapshot<R> {
  readonly schema_version: 1
  readonly snapshot_id: string
  readonly generated_at: string
  readonly source: { readonly ledger: string; readonly last_event_id?: string }
  readonly status: ManifestStatus
  readonly resources: R
}

/** The answer of `snapshot/latest`. */
export const consumerSnapshot = (
  { jobs, states }: ConsumerViews,
  types: JobTypes,
  replay: Replay,
  now_ms: number,
): ConsumerSnapshot<Resources> => ({
  schema_version: 1,
  snapshot_id: snapshotId(jobs.lastEventId),
  generated_at: formatTime(now_ms),
  source: source(jobs.lastEventId),
  status: manifestStatus(states, replay, openclaw_names.projection),
  resources: resources(jobs, types),
})

export interface ConsumerHealth {
  readonly status: "ok"
  readonly ready: boolean
  readonly snapshot_id: string
  readonly generated_at: string
  readonly source: { readonly ledger: string; readonly last_event_id?: string }
  readonly snapshot_status: ManifestStatus
  readonly resource_counts: { readonly runs: number; readonly jobs: number; readonly wiki: number }
  readonly degraded_reasons?: ReadonlyArray<string>
}

/** The answer of the consumer's `health`. Costs the same however many jobs there are. */
export const consumerHealth = (
  { jobs, states }: ConsumerViews,
  replay: Replay,
  now_ms: number,
  names: ConsumerNames = openclaw_names,
): ConsumerHealth => ({
  status: "ok",
  ready: isReady(replay),
  snapshot_id: snapshotId(jobs.lastEventId),
  generated_at: formatTime(now_ms),
  source: source(jobs.lastEventId),
  snapshot_status: manifestStatus(states, replay, names.projection),
  resource_counts: resourceCounts(jobs),
  ...unlessEmpty("degraded_reasons", degradedReasons(replay)),
})

const statuses: ReadonlySet<unknown> = new Set(["current", "stale", "degraded"])
const kinds = { runs: "run", jobs: "job", wiki: "wiki" } as const

const isText = (value: unknown): boolean => typeof value === "string" && value !== ""

const refuseResource = (value: unknown, kind: ResourceKind, at: string): string | undefined => {
  if (!isObject(value)) return `${at} is not an object`
  if (!isText(value["resource_id"])) return `${at} lacks resource_id`
  if (!isText(value["status"])) return `${at} lacks status`
  return value["resource_kind"] === kind ? undefined : `${at} is of another kind than its list`
}

/**
 * Why a consumer must not use a snapshot, or `undefined`: another schema version, no id, time or source, an unknown status,
 * or a resource without id or status or in the wrong list. Unknown fields are no reason.
 */
export const refuseSnapshot = (value: unknown): string | undefined => {
  if (!isObject(value)) return "a snapshot is one object"
  if (value["schema_version"] !== 1)
    return `schema_version mismatch: got ${JSON.stringify(value["schema_version"] ?? 0)} want 1`
  if (!isText(value["snapshot_id"])) return "snapshot_id is required"
  if (!isText(value["generated_at"])) return "generated_at is required"
  const from = value["source"]
  if (!isObject(from) || !isText(from["ledger"])) return "source.ledger is required"
  if (!statuses.has(value["status"])) return `unknown status ${JSON.stringify(value["status"] ?? "")}`
  const lists = isObject(value["resources"]) ? value["resources"] : {}
  for (const [name, kind] of Object.entries(kinds)) {
    const list = lists[name] ?? []
    if (!Array.isArray(list)) return `resources.${name} is not a list`
    for (const [i, item] of (list as ReadonlyArray<unknown>).entries()) {
      const reason = refuseResource(item, kind, `resources.${name}[${i}]`)
      if (reason !== undefined) return reason
    }
  }
  return undefined
}
