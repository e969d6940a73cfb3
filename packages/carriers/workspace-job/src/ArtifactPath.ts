/**
 * Workspace-virtual paths: where a seed, a candidate or an artifact lies, seen from the workspace's own root.
 *
 * @module
 */
import { utf8Bytes } from "@waybill/ledger"

export const path_bytes_max = 1024

/** What every file system in use takes as one name; some count characters, and take more. */
const segment_bytes_max = 255

// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const control = /[\u0000-\u001f\u007f-\u009f]/u

/**
 * Why a path is refused, or `undefined` when it may be used. Nothing is trimmed, decoded or normalised: a path that needs
 * any of that is refused.
 *
 * A path has 1 to 1024 bytes; its segments are not empty, `.` or `..`; it holds no NUL or other control character, no
 * backslash and no drive prefix. One leading slash is allowed and means the workspace's root, never the host's.
 */
export const refusePath = (path: string): string | undefined => {
  if (path === "") return "is empty"
  if (!path.isWellFormed()) return "contains a lone surrogate"
  if (utf8Bytes(path) > path_bytes_max) return `is longer than ${path_bytes_max} bytes`
  if (control.test(path)) return "contains a control character"
  if (path.includes("\\")) return "contains a backslash"
  if (/^[A-Za-z]:/u.test(path)) return "starts with a drive prefix"
  const segments = (path.startsWith("/") ? path.slice(1) : path).split("/")
  if (segments.includes("")) return "has an empty segment"
  if (segments.includes(".") || segments.includes("..")) return "has a segment that is . or .."
  return undefined
}

/**
 * Like {@link refusePath}, of a path that a file is to be made at: a segment has at most 255 bytes of UTF-8, too. A path in a
 * fact that is there already may have longer ones, from a file system that takes them.
 */
export const refuseFilePath = (path: string): string | undefined => {
  const refused = refusePath(path)
  if (refused !== undefined) return refused
  const long = pathSegments(path).find((segment) => utf8Bytes(segment) > segment_bytes_max)
  if (long === undefined) return undefined
  return `has a segment of ${utf8Bytes(long)} bytes (${JSON.stringify(Array.from(long).slice(0, 16).join(""))}…): a name takes ${segment_bytes_max}`
}

/** The segments of a path that {@link refusePath} lets pass. */
export const pathSegments = (path: string): ReadonlyArray<string> =>
  (path.startsWith("/") ? path.slice(1) : path).split("/")
