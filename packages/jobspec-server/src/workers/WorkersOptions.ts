/**
 * How a server works on jobs itself.
 *
 * @module
 */
import type { WorkPlan } from "./WorkPlan.ts"

export interface WorkersOptions {
  /** How many jobs at once, from 1 to 256. */
  readonly count: number
  readonly plan: WorkPlan
  /** Host path of the folder for artifacts, agents' records, holds and logs; that of `waybill settle` on the same root. */
  readonly folder: string
  /** How long running work may go on when the server is asked to end; then it is handed back. */
  readonly drain_ms: number
  readonly lease_ms: number
  /** The variables that the plan's names are looked up in. */
  readonly env?: Readonly<Record<string, string | undefined>>
}
