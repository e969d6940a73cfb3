/**
 * What verifiers printed, kept beside what agents did: one file for each verifier of an attempt, its latest verification.
 *
 * @module
 */
import { folderName } from "@waybill/data-plane"
import type { KeepOutput, VerifierOutput } from "@waybill/runtime"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ownFolder, type Place } from "../Place.ts"

/** The end of each stream says most. */
const kept_bytes_max = 262_144

/** One stream, as it was kept. */
export interface KeptText {
  readonly text: string
  readonly dropped_bytes: number
}

export interface KeptVerifier {
  readonly verifier: string
  /** As people read it: `code 1`, `SIGKILL`, `cut off, SIGTERM`. */
  readonly exit: string
  readonly stdout: KeptText
  readonly stderr: KeptText
}

const folderOf = (place: Place, runId: string): string => join(ownFolder(place), "verifier-runs", folderName(runId))

const kept = ({ bytes, dropped_bytes }: VerifierOutput["stdout"]): KeptText => {
  const from = Math.max(0, bytes.length - kept_bytes_max)
  const text = Buffer.from(bytes.subarray(from))
    .toString("utf8")
    .replace(/^\ufffd+/u, "")
  return { text, dropped_bytes: dropped_bytes + from }
}

/** Keeps outputs below a place. A folder that refuses, or a full disk, costs the output and not the verdict. */
export const keepOutputs =
  (place: Place, refused: (why: string) => void): KeepOutput =>
  ({ attempt, exit, runId, stderr, stdout, verifier, wasCutOff }) =>
    Effect.sync(() => {
      const folder = folderOf(place, runId)
      const name = createHash("sha256").update(verifier).digest("hex").slice(0, 16)
      const record: KeptVerifier = {
        verifier,
        exit: `${wasCutOff ? "cut off, " : ""}${exit.kind === "code" ? `code ${exit.code}` : exit.signal}`,
        stdout: kept(stdout),
        stderr: kept(stderr),
      }
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        // One that was cut off is no JSON, and passed over.
        writeFileSync(join(folder, `${attempt}-${name}.json`), JSON.stringify(record), { mode: 0o600 })
      } catch (cause) {
        refused(
          `what the verifier printed could not be kept: ${cause instanceof Error ? cause.message : String(cause)}`,
        )
      }
    })

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const isText = (value: unknown): value is KeptText =>
  isRecord(value) && typeof value["text"] === "string" && typeof value["dropped_bytes"] === "number"

const isKept = (value: unknown): value is KeptVerifier =>
  isRecord(value) &&
  typeof value["verifier"] === "string" &&
  typeof value["exit"] === "string" &&
  isText(value["stdout"]) &&
  isText(value["stderr"])

const parse = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, "utf8"))
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
}

/** What the verifiers of one attempt printed; what is no record of ours is passed over. */
export const keptOutputs = (place: Place, runId: string, attempt: number): ReadonlyArray<KeptVerifier> => {
  const folder = folderOf(place, runId)
  let names: ReadonlyArray<string>
  try {
    names = readdirSync(folder)
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return []
    throw cause
  }
  return names
    .filter((name) => name.startsWith(`${attempt}-`) && name.endsWith(".json"))
    .map((name) => parse(join(folder, name)))
    .filter(isKept)
    .toSorted((a, b) => (a.verifier < b.verifier ? -1 : 1))
}
