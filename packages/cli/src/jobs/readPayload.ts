/**
 * The payload of a submission, from the words, a file, or stdin.
 *
 * @module
 */
import { CommandError } from "@waybill/command"
import { readRegularFile } from "@waybill/host"
import type { JsonObject } from "@waybill/ledger"
import { isUtf8 } from "node:buffer"
import { readFileSync } from "node:fs"
import { fromHere } from "../Place.ts"
import { inexactIn } from "./exactJson.ts"
import { irregular } from "../refuseIrregular.ts"

const refuse = (message: string, cause?: unknown) =>
  new CommandError({
    exit: "ARG_ERROR",
    code: "PAYLOAD_UNUSABLE",
    message: `--payload: ${message}.`,
    fix_required: 'Give one JSON object in UTF-8 that is recorded as it is written, such as {"pages":2}.',
    cause,
  })

/** Bytes that are no text would be recorded as other ones. */
const textIn = (bytes: Buffer): string => {
  const text = bytes.toString("utf8")
  if (isUtf8(bytes)) return text
  const again = Buffer.from(text)
  const at = bytes.findIndex((byte, index) => byte !== again[index])
  throw refuse(`the byte at offset ${at} is no UTF-8`)
}

const read = (from: string | 0): string => {
  try {
    return textIn(from === 0 ? readFileSync(from) : readRegularFile(from))
  } catch (cause) {
    if (CommandError.is(cause)) throw cause
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
  const inexact = inexactIn(text)
  if (inexact !== undefined) throw refuse(inexact)
  return value as JsonObject
}
