/**
 * What takes space, and what of it may go.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import { folderName } from "@waybill/data-plane"
import { Ledger } from "@waybill/ledger"
import { type Job, Jobs, jobStatus } from "@waybill/workspace-job"
import { Effect } from "effect"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { runHere } from "../Opening.ts"
import { ledgerLayer } from "../Ledgers.ts"
import { ownFolder, type Place } from "../Place.ts"
import { namesIn, sizeOf } from "./files.ts"

/** What each folder is for, from the most to the least precious. */
const parts = [
  { part: "ledger", below: ["daemon"], what: "facts; never removed" },
  { part: "sealed", below: ["waybill", "data", "sealed"], what: "the bytes that were verified or rejected" },
  { part: "agent-runs", below: ["waybill", "agent-runs"], what: "what agents printed, and their receipts" },
  { part: "artifacts", below: ["waybill", "data", "artifacts"], what: "artifacts as they were written" },
  { part: "staging", below: ["waybill", "data", "staging"], what: "artifacts as they were built" },
  { part: "workspaces", below: ["waybill", "data", "workspaces"], what: "where agents worked" },
] as const

export const du = async (place: Place) => {
  const sizes = parts.map(({ below, part, what }) => ({ part, ...sizeOf(join(place.root, ".agents", ...below)), what }))
  return { root: place.root, bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0), parts: sizes }
}

/** Folders with one entry per run that are of no use once the run has ended. */
const per_run = ["workspaces", "staging", "artifacts"] as const

const hasEnded = (status: ReturnType<typeof jobStatus>): boolean =>
  status.status === "verified" ||
  status.status === "failed" ||
  (status.status === "verifier_rejected" && status.attemptsLeft === 0)

const digestsOf = ({ current, earlier }: Job): ReadonlyArray<string> =>
  [...earlier, current].flatMap(({ artifactReadbackVerified: read }) =>
    read === undefined ? [] : [read.payload.sha256.slice("sha256:".length)],
  )

export interface GcWords {
  readonly deliverables: boolean
  readonly yes: boolean
}

/**
 * Removes what ended runs left behind: workspaces, staged and written copies, sealed bytes that were rejected. Facts stay,
 * and so do bytes that can be delivered, unless both words ask for them. Of a run that may go on nothing is touched.
 */
export const gc = (words: GcWords, place: Place, ctx: Context) => {
  if (words.deliverables && !words.yes && !ctx.dryRun)
    throw new CommandError({
      exit: "PRECONDITION",
      code: "CONFIRMATION_REQUIRED",
      message: "--deliverables removes verified bytes, and nobody can deliver them afterwards.",
      fix_required: "Say --yes as well, or look first with --dry-run.",
    })
  const data = join(ownFolder(place), "data")
  const program = Effect.gen(function* () {
    const ledger = yield* Ledger
    return yield* ledger.query(Jobs, (view) => {
      const found: Array<{ readonly path: string; readonly bytes: number; readonly why: string }> = []
      const add = (path: string, why: string): void => {
        const { bytes, files } = sizeOf(path)
        if (files > 0) found.push({ path, bytes, why })
      }
      const kept = new Set<string>()
      const rejected = new Set<string>()
      const verified = new Set<string>()
      for (const [runId, job] of view.entries()) {
        const status = jobStatus(view, runId)
        const digests = digestsOf(job)
        if (!hasEnded(status)) {
          for (const digest of digests) kept.add(digest)
          continue
        }
        for (const digest of digests) rejected.add(digest)
        if (status.status === "verified") verified.add(status.terminalArtifact.sha256.slice("sha256:".length))
        for (const name of per_run) add(join(data, name, folderName(runId)), `${name} of an ended run`)
      }
      for (const digest of [...rejected, ...verified]) {
        if (kept.has(digest) || (verified.has(digest) && !words.deliverables)) continue
        const path = join(data, "sealed", "sha256", digest.slice(0, 2), digest.slice(2, 4), digest)
        if (!found.some((each) => each.path === path))
          add(path, verified.has(digest) ? "verified bytes" : "rejected bytes")
      }
      return found
    })
  })
  return runHere(Effect.provide(program, ledgerLayer(place)), ctx.signal).then((found) => {
    if (!ctx.dryRun) for (const { path } of found) rmSync(path, { recursive: true, force: true })
    return {
      root: place.root,
      removed: !ctx.dryRun,
      bytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
      entries: found,
      left_alone: namesIn(join(data, "unfinished")).length,
    }
  })
}
