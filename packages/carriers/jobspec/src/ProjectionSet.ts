/**
 * All read models in one document (JobSpec v0 §12.1), and `/v1/status` around it (§3.3).
 *
 * @module
 */
import { formatTime, type JsonObject, type View } from "@waybill/ledger"
import { consumer_names, type ConsumerNames, openclaw_names } from "./ConsumerNames.ts"
import { type JobEntity, jobProjection, type JobProjection } from "./JobProjection.ts"
import type { Family, JobTypes } from "./JobTypes.ts"
import {
  type Manifest,
  manifests,
  type ManifestStatus,
  manifestStatus,
  source_ledger,
  type Staleness,
} from "./Manifests.ts"
import { no_plans, type PlansEntries, type PlansManifest, plansManifest } from "./PlansManifest.ts"
import type { QueueJob } from "./QueueJob.ts"
import { queueSnapshot, type QueueSnapshot, unlessEmpty } from "./QueueJobState.ts"
import { degradedReasons, isReady, projectionLag, type ProjectionLag, type Replay } from "./Replay.ts"
import { type ScheduleEntity, schedules, type ScheduleTemplate } from "./Schedules.ts"
import { snapshotId } from "./Identifiers.ts"
import { List } from "./WireDocument.ts"

/** The folded state behind every document, all of it at one position. */
export interface Views {
  readonly queue: View<QueueJob>
  readonly jobs: View<JobEntity>
  readonly states: View<Staleness>
  readonly schedules: View<ScheduleEntity>
}

/** What a document needs beside folded state. */
export interface Reading {
  /** Milliseconds since the epoch: the time of this very read. */
  readonly now_ms: number
  readonly replay: Replay
  readonly plans?: PlansEntries
  /** Which of its two names the consumer surface has in this answer. */
  readonly names?: ConsumerNames
}

interface ConsumerProjection {
  readonly schema_version: 1
  readonly snapshot_id: string
  readonly generated_at: string
  readonly source: { readonly ledger: string; readonly last_event_id?: string }
  readonly resources: {
    readonly runs: List<JobProjection>
    readonly jobs: List<JobProjection>
    readonly wiki: List<JobProjection>
  }
  readonly status: ManifestStatus
}

export interface ProjectionSet {
  readonly schema_version: 1
  readonly rebuilt_at: string
  readonly source_ledger: string
  readonly last_event_id?: string
  readonly manifests: Readonly<Record<string, Manifest>>
  readonly jobs: List<JobProjection>
  readonly rpi: { readonly runs: List<JobProjection> }
  readonly dream: { readonly runs: List<JobProjection> }
  readonly wiki: { readonly jobs: List<JobProjection> }
  /** Under the one of the two names that was asked for. */
  readonly openclaw?: ConsumerProjection
  readonly consumer?: ConsumerProjection
  readonly plans: PlansManifest
  readonly schedules?: ReadonlyArray<ScheduleTemplate>
  readonly factory: JsonObject
  readonly degraded_reasons?: ReadonlyArray<string>
}

/** Every read model, as of now. The lists keep the jobs as they are, and write each out when it is looked at. */
export const projectionSet = (views: Views, types: JobTypes, reading: Reading): ProjectionSet => {
  const { names = openclaw_names, now_ms, plans = no_plans, replay } = reading
  const { lastEventId } = views.jobs
  const listOf = (...families: ReadonlyArray<Family | undefined>) =>
    List.from(
      views.jobs.entries(),
      ({ job_type }) => families.length === 0 || families.includes(types.family(job_type)),
      jobProjection,
    )
  const [jobs, rpi, dream, wiki] = [listOf(), listOf("rpi"), listOf("dream"), listOf("wiki")]
  const consumer: ConsumerProjection = {
    schema_version: 1,
    snapshot_id: snapshotId(lastEventId),
    generated_at: formatTime(now_ms),
    source: { ledger: source_ledger, ...unlessEmpty("last_event_id", lastEventId) },
    resources: { runs: listOf("rpi", "dream"), jobs, wiki },
    status: manifestStatus(views.states, replay, names.projection),
  }
  return {
    schema_version: 1,
    rebuilt_at: formatTime(now_ms),
    source_ledger,
    ...unlessEmpty("last_event_id", lastEventId),
    manifests: manifests(views.states, replay, now_ms, names),
    jobs,
    rpi: { runs: rpi },
    dream: { runs: dream },
    wiki: { jobs: wiki },
    ...(names === consumer_names ? { consumer } : { openclaw: consumer }),
    plans: plansManifest(plans, lastEventId, now_ms),
    ...unlessEmpty("schedules", schedules(views.schedules)),
    factory: {},
    ...unlessEmpty("degraded_reasons", degradedReasons(replay)),
  }
}

export interface StatusDocument {
  readonly ready: boolean
  readonly projection_lag: ProjectionLag
  readonly queue: QueueSnapshot
  readonly projections: ProjectionSet
}

/** The answer of `/v1/status`. */
export const statusDocument = (views: Views, types: JobTypes, reading: Reading): StatusDocument => ({
  ready: isReady(reading.replay),
  projection_lag: projectionLag(views.queue, reading.replay),
  queue: queueSnapshot(views.queue, reading.now_ms),
  projections: projectionSet(views, types, reading),
})
