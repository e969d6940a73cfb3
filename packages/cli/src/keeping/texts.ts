/**
 * What takes space and what went, as people read it.
 *
 * @module
 */
import { visible } from "@waybill/command"
import { relative } from "node:path"
import { formatBytes } from "../settling/Timeline.ts"
import type { Removal } from "./gc.ts"
import type { Space } from "./space.ts"

/** Rows whose first column is of numbers, and ends where the longest ends. */
const rightAligned = (rows: ReadonlyArray<readonly [size: string, what: string]>): ReadonlyArray<string> => {
  const width = Math.max(0, ...rows.map(([size]) => size.length))
  return rows.map(([size, what]) => `  ${size.padStart(width)}  ${what}`)
}

/** The answer of `du`. */
export const spaceText = ({ bytes, parts, root }: Space): string =>
  [
    `${formatBytes(bytes)} in ${visible(root)}`,
    ...rightAligned(parts.map((each) => [formatBytes(each.bytes), `${each.part.padEnd(14)} ${each.what}`] as const)),
  ].join("\n")

/** The answer of `gc`. */
export const removalText = ({ bytes, entries, left, left_alone, removed, root }: Removal): string => {
  const head =
    entries.length === 0
      ? "nothing to remove"
      : `${removed ? "removed" : "would remove"} ${formatBytes(bytes)} from ${visible(root)}`
  const of = (each: { readonly path: string; readonly bytes: number }, why: string) =>
    [formatBytes(each.bytes), `${visible(relative(root, each.path))}  ${why}`] as const
  return [
    head,
    ...rightAligned(entries.map((each) => of(each, each.why))),
    ...(left.length === 0 ? [] : ["could not be removed"]),
    ...rightAligned(left.map((each) => of(each, visible(each.error)))),
    ...(left_alone === 0 ? [] : [`left alone: ${left_alone} that somebody may be at work on`]),
  ].join("\n")
}
