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
  "How to read it. A row is what somebody, or the disk, does to a file. A column",
  "is when: behind one step of the bytes' way and before the next, to the file",
  "that the next step reads.",
  "  left   the agent left its candidate; it is about to be opened",
  "  open   the candidate is open; it is about to be read",
  "  built  the terminal bytes are in a private copy; they are about to be stored",
  "  write  the artifact is stored; it is about to be read back",
  "  read   it was read back; it is about to be sealed",
  "  seal   it is sealed; the verifier's copy is about to be made of the seal",
  "  judge  the verifier has its copy, and judges it; this copy is attacked",
  "  verif  there is a verdict; the delivery is about to check the seal",
  "  leave  the delivery reads the seal, and has let go of the first chunk",
  "  draft  the delivered file is written; its draft is about to get its name",
  "A cell is how the way ended.",
  "  same   the very bytes were verified and delivered",
  "  diff   other bytes were found (BytesDiffer); nothing of them was delivered",
  "  path   what is there is no plain file of its own (PathRefused)",
  "  gone   there is nothing (ArtifactMissing, CandidateMissing)",
  "  touch  the verifier's copy was touched: no verdict counts (CopyTouched)",
  "  disk   the disk refused (StorageFailed)",
  "  ·      the step does nothing that this could happen to",
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
