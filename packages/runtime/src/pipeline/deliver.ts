/**
 * Handing over what a settled job made.
 *
 * @module
 */
import { type Call, DataPlane, type Destination, ofRun } from "@waybill/data-plane"
import { Ledger } from "@waybill/ledger"
import { deliverable } from "@waybill/workspace-job"
import { Effect, Option } from "effect"
import { dirname } from "node:path"
import { Agent } from "../agent/Agent.ts"
import { Holds } from "./Holds.ts"
import { statusOf } from "./readJob.ts"

/** The host's own folders that are known here: the ledger's, and those of the agents' records and of the holds. */
const ownFolders = Effect.gen(function* () {
  const { where } = yield* Ledger
  // A ledger in files lies where it says; what is no path names no folder.
  const ledgerFolder = where.includes("/") && !where.includes("://") ? dirname(where) : undefined
  const agent = Option.getOrUndefined(yield* Effect.serviceOption(Agent))
  const holds = Option.getOrUndefined(yield* Effect.serviceOption(Holds))
  return [ledgerFolder, agent?.folder, holds?.folder].filter((folder) => folder !== undefined)
})

/**
 * Delivers the artifact of a verified job; anything else is refused with `NotDeliverable`. A file may not lie in the ledger's own
 * folder either, nor in those of the agents' records and the holds, where these are provided. What is wrong with a sealed
 * artifact is said with its run, its digest and its place. What an earlier delivery that was killed left half made is removed.
 */
export const deliverJob = <E = never, R = never>(runId: string, destination: Destination<E, R>, call?: Call) =>
  Effect.gen(function* () {
    const plane = yield* DataPlane
    const artifact = yield* Effect.fromResult(deliverable(yield* statusOf(runId)))
    const guardedDestination: Destination<E, R> =
      "file" in destination
        ? { file: destination.file, reserved: [...(yield* ownFolders), ...(destination.reserved ?? [])] }
        : destination
    if ("file" in destination) yield* plane.sweep
    return yield* Effect.mapError(plane.deliver(artifact, guardedDestination, call), (error) => ofRun(runId, error))
  })
