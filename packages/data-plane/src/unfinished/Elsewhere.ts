/**
 * A folder that need not be on the file system of the data plane's root, as it is written down for a later sweep: one JSON
 * value a line.
 *
 * @module
 */

export type Elsewhere =
  /** Below `workspaces`, segment by segment: an agent may have put links there since. */
  | { readonly workspace: ReadonlyArray<string> }
  /** A host path. */
  | { readonly folder: string }

export const encodeElsewhere = (elsewhere: Elsewhere): string => `${JSON.stringify(elsewhere)}\n`

const isText = (value: unknown): value is string => typeof value === "string"

const decodeLine = (line: string): Elsewhere | undefined => {
  let value: { readonly workspace?: unknown; readonly folder?: unknown } | null
  try {
    value = JSON.parse(line)
  } catch {
    // Its writer died in the middle of it, and so before it made anything there.
    return undefined
  }
  if (typeof value !== "object" || value === null) return undefined
  const { folder, workspace } = value
  if (isText(folder)) return { folder }
  return Array.isArray(workspace) && workspace.every(isText) ? { workspace } : undefined
}

export const decodeElsewheres = (text: string): ReadonlyArray<Elsewhere> =>
  text.split("\n").flatMap((line) => decodeLine(line) ?? [])
