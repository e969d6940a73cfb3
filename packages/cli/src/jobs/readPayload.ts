/**
 * The payload of a submission, from the words, a file, or stdin.
 *
 * @module
 */
import { CommandError } from "@waybill/command"
import { readRegularFile } from "@waybill/host"
import type { JsonObject } from "@waybill/ledger"
import { readFileSync } from "node:fs"
import { fromHere } from "../Place.ts"
import { irregular } from "../refuseIrregular.ts"

const refuse = (message: string, cause?: unknown) =>
  new CommandError({
    exit: "ARG_ERROR",
    code: "PAYLOAD_UNUSABLE",
    message: `--payload: ${message}.`,
    fix_required: 'Give one JSON object, such as {"pages":2}.',
    cause,
  })

const read = (from: string | 0): string => {
  try {
    return from === 0 ? readFileSync(from, "utf8") : readRegularFile(from).toString("utf8")
  } catch (cause) {
    const refused = irregular("--payload", cause)
    if (refused !== undefined) throw refused
    throw refuse(cause instanceof Error ? cause.message : String(cause), cause)
  }
}

/** @param word JSON, `@FILE`, or `-` for stdin */
export const readPayload = (word: string): JsonObject => {
  const text = word === "-" ? read(0) : word.startsWith("@") ? read(fromHere(word.slice(1))) : word
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw refuse(`it is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse("it is no JSON object")
  return value as JsonObject
}
