/**
 * How well the ledger could be read, and what that makes of readiness (JobSpec v0 §3.2, §12.5).
 *
 * @module
 */
import type { StoreHealth, View } from "@waybill/ledger"
import { unlessEmpty } from "./QueueJobState.ts"

/** What the store and the disk know and a fold does not. */
export interface Replay {
  /** Records that cannot be read and that nobody has acknowledged by a repair. */
  readonly corrupt_record_count: number
  /** Why a stored projection snapshot was not used, if one was not. */
  readonly ignored_snapshot?: string
  /** What else is damaged and not acknowledged, such as an archive that cannot be read. Holds `ready` false. */
  readonly damage?: ReadonlyArray<string>
  /** Further reasons why read models are degraded. */
  readonly more_reasons?: ReadonlyArray<string>
}

export const clean_replay: Replay = { corrupt_record_count: 0 }

/**
 * What a store's health comes to: damage that a repair has acknowledged no longer counts. A last line without its newline counts,
 * also where it is whole (JobSpec v0 §7.6), until the next append has seen to it.
 */
export const replayOf = (health: StoreHealth, ignoredSnapshot?: string): Replay => {
  const damage = (health.damage ?? [])
    .filter(({ isAcknowledged }) => isAcknowledged !== true)
    .map(({ error, file }) => `${file}: ${error}`)
  return {
    corrupt_record_count:
      health.corrupt.filter(({ isAcknowledged }) => isAcknowledged !== true).length + (health.torn ?? []).length,
    ...unlessEmpty("damage", damage),
    ...unlessEmpty("ignored_snapshot", ignoredSnapshot),
  }
}

/** Whether everything that was ever recorded could be read, or its loss has been acknowledged. */
export const isReady = ({ corrupt_record_count, damage = [] }: Replay): boolean =>
  corrupt_record_count === 0 && damage.length === 0

/** What makes every read model degraded, in the order of the contract. */
export const degradedReasons = (replay: Replay): ReadonlyArray<string> => [
  ...(replay.ignored_snapshot === undefined ? [] : [`ignored stale projection snapshot: ${replay.ignored_snapshot}`]),
  ...(replay.corrupt_record_count > 0 ? ["read-only ledger replay observed corrupt records"] : []),
  ...(replay.damage ?? []),
  ...(replay.more_reasons ?? []),
]

export interface ProjectionLag {
  readonly last_event_id?: string
  readonly event_count: number
  readonly corrupt_record_count: number
  readonly degraded: boolean
}

/** Where the read models stand. `view` may be that of any projection of the ledger. */
export const projectionLag = (view: Pick<View<unknown>, "events" | "lastEventId">, replay: Replay): ProjectionLag => ({
  ...unlessEmpty("last_event_id", view.lastEventId),
  event_count: view.events,
  corrupt_record_count: replay.corrupt_record_count,
  degraded: !isReady(replay),
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
  const isWhole = isReady(replay)
  return {
    ready: isWhole,
    ledger_replay_status: isWhole ? "complete" : "corrupt",
    projection_status: isWhole ? "current" : "degraded",
    projection_lag: projectionLag(view, replay),
    ...unlessEmpty("degraded_reasons", degradedReasons(replay)),
  }
}
