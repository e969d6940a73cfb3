/**
 * Writes the answer in the form that was asked for. The only place that writes to stdout, streams aside.
 *
 * @module
 */
import type { OutputFormat, ResponseEnvelope } from "@waybill/command-contract"
import { serialise } from "./Answer.ts"
import type { Style } from "./Application.ts"
import type { Host } from "./Host.ts"
import { humanData, humanError, paints, tabSeparated } from "./Human.ts"
import type { Verbosity } from "./Protocol.ts"
import { visibleBlock, visibleDrawing, visibleJson } from "./Visible.ts"

/** `human` is text for a terminal; the others are asked for by name, and `json` is what a program gets. */
export type Form = OutputFormat | "human"

const isSet = (value: string | undefined): boolean => value !== undefined && value !== ""

/** A terminal gets text, unless a CI system only pretends to be one. */
export const formOf = (host: Host, asked: OutputFormat | undefined): Form =>
  asked ?? (host.stdout.isTTY && !isSet(host.env["CI"]) ? "human" : "json")

export const styleOf = (host: Host, form: Form): Style => ({
  columns: host.stdout.isTTY ? host.stdout.columns : 120,
  colour: form === "human" && !isSet(host.env["NO_COLOR"]) && host.env["TERM"] !== "dumb",
})

export interface Response {
  readonly envelope: ResponseEnvelope
  readonly form: Form
  readonly verbosity: Verbosity
  readonly size_max_bytes: number
  /** How to get what a size limit cut off. */
  readonly hint: string
  /** What the command rendered itself. */
  readonly text?: string | undefined
  /** stdout belongs to a stream; `started` when something is on it already. */
  readonly stream?: { readonly format: "jsonl" | "raw"; readonly started: boolean } | undefined
}

const lineOf = (text: string) => (text === "" || text.endsWith("\n") ? text : `${text}\n`)

/** Writes one answer. Whoever watches the output decides what an answer that could not be written means. */
export const respond = async (host: Host, response: Response): Promise<void> => {
  const { envelope, form, hint, size_max_bytes, stream, text, verbosity } = response
  const style = styleOf(host, form)
  const say = (line: string) => {
    if (verbosity !== "quiet") host.stderr.write(lineOf(line))
  }
  const json = () => {
    const line = serialise(envelope, size_max_bytes, hint)
    return host.stdout.isTTY ? visibleJson(line) : line
  }
  const { bold, yellow } = paints(style)
  const sayWarnings = () => {
    for (const warning of envelope.warnings) say(`${yellow(bold("warning:"))} ${visibleBlock(warning)}`)
  }
  const isText = form === "human" || form === "plain" || form === "tsv"
  if (stream !== undefined) {
    if (envelope.ok) return sayWarnings()
    if (stream.format === "raw" && stream.started) return say(isText ? humanError(envelope.error, style) : json())
  }
  if (!isText) {
    await host.stdout.write(json())
    return
  }
  sayWarnings()
  if (!envelope.ok) say(humanError(envelope.error, style))
  if (envelope.data === null || (!envelope.ok && form === "tsv")) return
  if (form !== "tsv") {
    const shown = text === undefined ? humanData(envelope.data, style) : visibleDrawing(text, style.colour)
    await host.stdout.write(lineOf(shown))
    return
  }
  const rows = tabSeparated(envelope.data)
  await host.stdout.write(lineOf(host.stdout.isTTY ? visibleDrawing(rows, false) : rows))
}
