import type { DataPlaneError } from "../../src/index.ts"

const words = {
  BytesDiffer: "diff",
  PathRefused: "path",
  ArtifactMissing: "gone",
  CandidateMissing: "gone",
  CopyTouched: "touch",
  StorageFailed: "disk",
} as const

/** One word for how the way ended. */
export const wordOf = (error: DataPlaneError | undefined): string =>
  error === undefined ? "same" : error._tag in words ? words[error._tag as keyof typeof words] : error._tag

export const legend = [
  "Columns, the gap in which it happens to what the next step reads: the candidate is left, opened; the bytes are",
  "built, written, read back, sealed; they are judged (the verifier's copy); they are verified; they leave (the seal); a delivered file is about to get its name (its draft).",
  "same: the very bytes were verified and delivered. All else is a failure with",
  "nothing delivered: diff BytesDiffer, path PathRefused, gone nothing there,",
  "touch CopyTouched, disk StorageFailed.  · the step does nothing of the kind.",
].join("\n")

/** Rows of words under column heads, at most 80 columns wide. */
export const tableOf = (
  columns: ReadonlyArray<string>,
  rows: ReadonlyArray<readonly [string, ReadonlyArray<string>]>,
): string => {
  const line = (name: string, cells: ReadonlyArray<string>) =>
    `${name.padEnd(21)}${cells.map((cell) => cell.padEnd(6)).join("")}`.trimEnd()
  return [line("", columns), ...rows.map(([name, cells]) => line(name, cells))].join("\n")
}

/** Reads such a table: by row, the words by column. */
export const readTable = (text: string): ReadonlyMap<string, ReadonlyArray<string>> =>
  new Map(
    text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .slice(1)
      .map((line) => [line.slice(0, 21).trim(), line.slice(21).trim().split(/\s+/u)] as const),
  )
