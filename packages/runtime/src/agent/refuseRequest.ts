/**
 * Whether a run that is asked for can be run at all.
 *
 * @module
 */
import { refuseDuration } from "@waybill/host"
import { refuseFilePath, submit_reasons } from "@waybill/workspace-job"
import { Predicate } from "effect"
import { refuseCommand } from "../refuseCommand.ts"
import type { SubmitRequest } from "./Agent.ts"

const reasons: ReadonlySet<string> = new Set(submit_reasons)

/** Why a key cannot be one, or `undefined`. */
export const refuseKey = (key: string): string | undefined =>
  key === "" || Buffer.byteLength(key) > 4096 ? "the key has 1 to 4096 bytes" : undefined

const isSize = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value >= 0
const isJson = (value: unknown): boolean => {
  try {
    return typeof JSON.stringify(value) === "string"
  } catch {
    return false
  }
}

/** Why a request cannot be run, or `undefined`. The spec may come from untyped code, and is looked at as such. */
export const refuseRequest = ({ candidatePath, spec }: SubmitRequest): string | undefined => {
  if (!Predicate.isObject(spec)) return "there is no spec"
  const { command, env = {}, exitReasons = {}, grace_ms = 0, input = null, outputBytes_max = 0, timeLimit_ms } = spec
  const badCommand = refuseCommand(command, env)
  if (badCommand !== undefined) return badCommand
  const badLimit = refuseDuration(timeLimit_ms)
  if (badLimit !== undefined) return `timeLimit_ms ${badLimit}`
  const badGrace = refuseDuration(grace_ms, { from: 0 })
  if (badGrace !== undefined) return `grace_ms ${badGrace}`
  if (!isSize(outputBytes_max)) return "outputBytes_max is a number from 0"
  if (!Predicate.isObject(exitReasons)) return "exitReasons is no object"
  const unknown = Object.values(exitReasons).find((reason) => !reasons.has(reason))
  if (unknown !== undefined) return `exitReasons names ${JSON.stringify(unknown)}, which is no reason`
  if (!isJson(input)) return "the input is no JSON"
  const badPath = refuseFilePath(candidatePath)
  return badPath === undefined ? undefined : `the candidate path ${badPath}`
}
