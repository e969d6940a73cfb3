/**
 * Why an attempt ended without a verdict, in words, kept beside what was printed in it: a fact holds a code alone, and whoever looks
 * on may have gone.
 *
 * @module
 */
import { folderName } from "@waybill/data-plane"
import type { Observer } from "@waybill/runtime"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { ownFolder, type Place } from "../Place.ts"

const kept_characters_max = 16_384

/** With what verifiers printed: it takes space for as long, and goes with it. */
const fileOf = (place: Place, runId: string, attempt: number): string =>
  join(ownFolder(place), "verifier-runs", folderName(runId), `${attempt}-failure.txt`)

/** Keeps what failed steps say. A folder that refuses, or a full disk, costs the words and not the settlement. */
export const keepFailures =
  (place: Place, runId: string, refused: (why: string) => void): Observer =>
  (event) => {
    if (event.kind !== "step" || event.state !== "failed" || (event.detail ?? "") === "") return
    const file = fileOf(place, runId, event.attempt)
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      writeFileSync(file, (event.detail ?? "").slice(0, kept_characters_max).toWellFormed(), { mode: 0o600 })
    } catch (cause) {
      refused(`why the attempt failed could not be kept: ${cause instanceof Error ? cause.message : String(cause)}`)
    }
  }

/** Why an attempt failed, as it was said then; `undefined` where nothing is kept of it. */
export const keptFailure = (place: Place, runId: string, attempt: number): string | undefined => {
  try {
    return readFileSync(fileOf(place, runId, attempt), "utf8")
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined
    throw cause
  }
}
