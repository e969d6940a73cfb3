/**
 * How well the ledger could be read, and what that makes of readiness (JobSpec v0 §3.2, §12.5).
 *
 * @module
 */
import type { View } from "@waybill/ledger"
import { unlessEmpty } from "./QueueJobState.ts"

/** What the store and the disk know and a fold does not. */
export interface Replay {
  /** Records that cannot be read and that nobody has acknowledged by a repair. */
  readonly corrupt_record_count: number
  /** Why a stored projection snapshot was not used, if one was not. */
  readonly ignored_snapshot?: string
  /** Further reasons, such as an archive that cannot be read. */
  readonly more_reasons?: ReadonlyArray<string>
}

export const clean_replay: Replay = { corrupt_record_count: 0 }

/** What makes every read model degraded, in the order of the contract. */
export const degradedReasons = (replay: Replay): ReadonlyArray<string> => [
  ...(replay.ignored_snapshot === undefined ? [] : [`ignored stale projection snapshot: ${replay.ignored_snapshot}`]),
  ...(replay.corrupt_record_count > 0 ? ["read-only ledger replay observed corrupt records"] : []),
  ...(replay.more_reasons ?? []),
]

export interface ProjectionLag {
  readonly last_event_id?: string
  readonly event_count: number
  readonly corrupt_record_count: number
  readonly degraded: boolean
}

/** Where the read models stand. `view` may be that of any projection of the ledger. */
export const projectionLag = (
  view: Pick<View<unknown>, "events" | "lastEventId">,
  { corrupt_record_count }: Replay,
): ProjectionLag => ({
  ...unlessEmpty("last_event_id", view.lastEventId),
  event_count: view.events,
  corrupt_record_count,
  degraded: corrupt_record_count > 0,
})

export interface Readiness {
  readonly ready: boolean
  readonly ledger_replay_status: "complete" | "corrupt"
  readonly projection_status: "current" | "degraded"
  readonly projection_lag: ProjectionLag
  readonly degraded_reasons?: ReadonlyArray<string>
}

/** The answer of `/v1/ready`. A snapshot that was ignored is told as a reason and does not hold `ready` false. */
export const readiness = (view: Pick<View<unknown>, "events" | "lastEventId">, replay: Replay): Readiness => {
  const isWhole = replay.corrupt_record_count === 0
  return {
    ready: isWhole,
    ledger_replay_status: isWhole ? "complete" : "corrupt",
    projection_status: isWhole ? "current" : "degraded",
    projection_lag: projectionLag(view, replay),
    ...unlessEmpty("degraded_reasons", degradedReasons(replay)),
  }
}
