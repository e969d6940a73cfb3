/**
 * What a command says of its work: one JSON object on standard output, or nothing.
 *
 * @module
 */
import { ArtifactRef } from "@waybill/jobspec"
import { Result, Schema, SchemaIssue } from "effect"

const CommandResult = Schema.Struct({
  artifacts: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  artifact_refs: Schema.optionalKey(Schema.Record(Schema.String, ArtifactRef)),
  failure: Schema.optionalKey(
    Schema.Struct({
      code: Schema.optionalKey(Schema.String),
      message: Schema.optionalKey(Schema.String),
      retryable: Schema.optionalKey(Schema.Boolean),
    }),
  ),
})
export type CommandResult = typeof CommandResult.Type

const decode = Schema.decodeUnknownResult(CommandResult, { errors: "all" })
const toIssues = SchemaIssue.makeFormatterStandardSchemaV1()

const expected =
  'it must be empty, or one JSON object with "artifacts" and "artifact_refs", or with "failure", such as {"artifacts":{"report":"/path/to/it"}}; what is for people goes to standard error'

const shown_characters = 80

/** The beginning of a text, in quotes. */
const beginningOf = (text: string): string =>
  JSON.stringify(text.length > shown_characters ? `${text.slice(0, shown_characters).toWellFormed()}…` : text)

/** Why one of the fields is not what it should be. */
const wrongWith = ({ issue }: Schema.SchemaError): string =>
  toIssues(issue)
    .issues.map(({ message, path = [] }) => {
      const place = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".")
      return place === "" ? message : `${place}: ${message}`
    })
    .join("; ")

const refuse = (what: string) => Result.fail(`standard output ${what}: ${expected}`)

/**
 * Reads it; otherwise says what was there and what should have been. `hide` takes what is secret out of a text before any of it is
 * shown.
 */
export const readCommandResult = (
  bytes: Uint8Array,
  hide: (text: string) => string,
): Result.Result<CommandResult, string> => {
  let text: string
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim()
  } catch {
    return refuse(`is not UTF-8 (${bytes.length} bytes)`)
  }
  if (text === "") return Result.succeed({})
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse(`is no JSON value (${bytes.length} bytes, beginning with ${beginningOf(hide(text))})`)
  }
  const read = decode(value)
  return Result.isSuccess(read)
    ? Result.succeed(read.success)
    : refuse(`is JSON, but no result (${wrongWith(read.failure)})`)
}
