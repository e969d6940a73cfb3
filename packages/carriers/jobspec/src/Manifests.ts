/**
 * The seven projections by name, and whether each is current (JobSpec v0 §12.2, §12.5).
 *
 * @module
 */
import { formatTime, Projection, type View } from "@waybill/ledger"
import { Schema } from "effect"
import { type ConsumerNames, consumer_names, openclaw_names } from "./ConsumerNames.ts"
import { asTargets } from "./EventFields.ts"
import { JobSpecEvents, type JobSpecFact } from "./Events.ts"
import { unlessEmpty } from "./QueueJobState.ts"
import { degradedReasons, type Replay } from "./Replay.ts"

/** Where every document says that its facts come from. */
export const source_ledger = ".agents/daemon/ledger.jsonl"

/** By name, in byte order, with the places they are labelled with. */
const output_paths: Readonly<Record<string, ReadonlyArray<string>>> = {
  "daemon-job-status": [".agents/daemon/projections/jobs.json"],
  "daemon-status": [".agents/daemon/projections/status.json"],
  "dream-runs": [".agents/overnight/*/summary.json", ".agents/overnight/*/summary.md"],
  [openclaw_names.projection]: [".agents/daemon/projections/openclaw/latest.json"],
  "plans-manifest": [".agents/plans/*/manifest.jsonl"],
  "rpi-registry": [".agents/rpi/runs/*/phased-state.json"],
  "wiki-jobs": [".agents/wiki"],
}

export const projection_names: ReadonlyArray<string> = Object.keys(output_paths)

/** Both names of the consumer's projection mean the same one. */
const original = (name: string): string => (name === consumer_names.projection ? openclaw_names.projection : name)

/** Which projections are stale. */
export const Staleness = Schema.Struct({ stale: Schema.Array(Schema.String) })
export type Staleness = typeof Staleness.Type

const key = "all"

/** What `projection.*` events say; the last one wins. */
export const ProjectionStates: Projection.Projection<Staleness, JobSpecFact> = Projection.make({
  name: "jobspec.projection-states",
  version: 1,
  reader: JobSpecEvents,
  entity: Staleness,
  key: ({ event_type }: JobSpecFact) => (event_type.startsWith("projection.") ? key : undefined),
  evolve: (before: Staleness | undefined, { event_type, payload }: JobSpecFact) => {
    const named = (asTargets(payload["projection_targets"]) ?? []).map(original)
    const touched = new Set(
      named.length === 0 ? projection_names : named.filter((name) => projection_names.includes(name)),
    )
    const others = (before?.stale ?? []).filter((name) => !touched.has(name))
    return { stale: event_type === "projection.marked_stale" ? [...others, ...touched].sort() : others }
  },
})

export type ManifestStatus = "current" | "stale" | "degraded"

/** The status of one projection, by either of its names. */
export const manifestStatus = (states: View<Staleness>, replay: Replay, name: string): ManifestStatus => {
  if (degradedReasons(replay).length > 0) return "degraded"
  return states.get(key)?.stale.includes(original(name)) === true ? "stale" : "current"
}

export interface Manifest {
  readonly schema_version: 1
  readonly projection: string
  readonly source_ledger: string
  readonly last_event_id?: string
  readonly status: ManifestStatus
  readonly rebuilt_at: string
  readonly output_paths?: ReadonlyArray<string>
  readonly degraded_reasons?: ReadonlyArray<string>
}

/** All manifests by name, in byte order. */
export const manifests = (
  states: View<Staleness>,
  replay: Replay,
  now_ms: number,
  names: ConsumerNames = openclaw_names,
): Readonly<Record<string, Manifest>> => {
  const entries = projection_names.map((each): readonly [string, Manifest] => {
    const projection = each === openclaw_names.projection ? names.projection : each
    const paths = output_paths[each]?.map((path) => path.replace("/openclaw/", `/${names.field}/`))
    return [
      projection,
      {
        schema_version: 1,
        projection,
        source_ledger,
        ...unlessEmpty("last_event_id", states.lastEventId),
        status: manifestStatus(states, replay, each),
        rebuilt_at: formatTime(now_ms),
        ...unlessEmpty("output_paths", paths),
        ...unlessEmpty("degraded_reasons", degradedReasons(replay)),
      },
    ]
  })
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
