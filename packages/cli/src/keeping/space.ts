/**
 * What takes space.
 *
 * @module
 */
import { join } from "node:path"
import { refuseNowhere } from "../Nowhere.ts"
import { unlessForbidden } from "../notPermitted.ts"
import type { Place } from "../Place.ts"
import { sizeOf } from "./files.ts"

/** What each folder is for, from the most to the least precious. */
const parts = [
  { part: "ledger", below: ["daemon"], what: "facts; never removed" },
  { part: "sealed", below: ["waybill", "data", "sealed"], what: "the bytes that were verified or rejected" },
  { part: "agent-runs", below: ["waybill", "agent-runs"], what: "what agents printed, and their receipts" },
  {
    part: "verifier-runs",
    below: ["waybill", "verifier-runs"],
    what: "what verifiers printed, and why attempts failed",
  },
  { part: "runners", below: ["waybill", "runners"], what: "what settlements that were detached said" },
  { part: "artifacts", below: ["waybill", "data", "artifacts"], what: "artifacts as they were written" },
  { part: "staging", below: ["waybill", "data", "staging"], what: "artifacts as they were built" },
  { part: "workspaces", below: ["waybill", "data", "workspaces"], what: "where agents worked" },
] as const

export interface Space {
  readonly root: string
  readonly bytes: number
  readonly parts: ReadonlyArray<{
    readonly part: string
    readonly bytes: number
    readonly files: number
    readonly what: string
  }>
}

const spaceOf = (place: Place): Space => {
  const sizes = parts.map(({ below, part, what }) => ({ part, ...sizeOf(join(place.root, ".agents", ...below)), what }))
  return { root: place.root, bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0), parts: sizes }
}

/** Throws `CommandError` where a part may not be looked at: a sum without it would be wrong. */
export const du = async (place: Place): Promise<Space> => {
  refuseNowhere(place)
  return unlessForbidden(async () => spaceOf(place))
}
