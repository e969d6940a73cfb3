/**
 * The payload of a submission, from the words, a file, or stdin.
 *
 * @module
 */
import { CommandError } from "@waybill/command"
import { openRegularFile } from "@waybill/host"
import { type JsonObject, line_bytes_max } from "@waybill/ledger"
import { isUtf8 } from "node:buffer"
import { createReadStream } from "node:fs"
import { addAbortSignal, type Readable } from "node:stream"
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

/** All of a stream, as long as one record can hold it: whoever never ends it is left when the signal aborts. */
const bytesOf = async (stream: Readable, signal: AbortSignal): Promise<Buffer> => {
  const chunks: Array<Buffer> = []
  let bytes = 0
  for await (const chunk of addAbortSignal(signal, stream)) {
    const read = Buffer.from(chunk as Uint8Array)
    bytes += read.length
    if (bytes > line_bytes_max) throw refuse(`it is longer than ${line_bytes_max} bytes, the most a record holds`)
    chunks.push(read)
  }
  return Buffer.concat(chunks)
}

const read = async (from: () => Readable, signal: AbortSignal): Promise<string> => {
  try {
    return textIn(await bytesOf(from(), signal))
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    if (CommandError.is(cause)) throw cause
    const refused = irregular("--payload", cause)
    if (refused !== undefined) throw refused
    throw refuse(cause instanceof Error ? cause.message : String(cause), cause)
  }
}

/** What a payload is read with besides its word. */
export interface PayloadSource {
  /** Aborting it ends the waiting for bytes; the answer is then its reason. */
  readonly signal: AbortSignal
  /** What `-` stands for. */
  readonly stdin: () => Readable
}

const textFrom = async (word: string, { signal, stdin }: PayloadSource): Promise<string> => {
  if (word === "-") return read(stdin, signal)
  if (!word.startsWith("@")) return word
  const path = fromHere(word.slice(1))
  return read(() => createReadStream(path, { fd: openRegularFile(path) }), signal)
}

/** @param word JSON, `@FILE`, or `-` for stdin */
export const readPayload = async (word: string, source: PayloadSource): Promise<JsonObject> => {
  const text = await textFrom(word, source)
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
