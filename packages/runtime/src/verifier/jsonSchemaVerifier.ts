/**
 * A verifier that checks JSON against a JSON Schema.
 *
 * @module
 */
import { Ajv } from "ajv"
import { Ajv2020 } from "ajv/dist/2020.js"
import { Effect, Stream } from "effect"
import { hideInStream } from "../hideInStream.ts"
import { hideValues } from "../hideValues.ts"
import { asProse, type Verifier, VerifierError } from "./Verifier.ts"

export interface JsonSchemaVerifierOptions {
  readonly name?: string
  /** Draft 2020-12, or draft-07 where its `$schema` says so. */
  readonly schema: Readonly<Record<string, unknown>>
  /** Schemas that the main one refers to by their `$id`. */
  readonly references?: ReadonlyArray<Readonly<Record<string, unknown>>>
  /** Larger artifacts are rejected unread, since JSON is parsed as a whole; 64 MiB by default. */
  readonly bytes_max?: number
  /** Variables whose values are hidden in what it says: an agent that was given them may have written them into the artifact. */
  readonly hidden?: Readonly<Record<string, string>>
}

const issues_shown = 20
const isDraft07 = (schema: Readonly<Record<string, unknown>>): boolean =>
  typeof schema["$schema"] === "string" && schema["$schema"].includes("draft-07")

/** Makes the verifier. Throws when the schema itself cannot be compiled. */
export const jsonSchemaVerifier = (options: JsonSchemaVerifierOptions): Verifier => {
  const { bytes_max = 64 * 1024 * 1024, hidden = {}, name = "json-schema", references = [], schema } = options
  const hide = (text: string) => hideValues(text, hidden)
  const compiler = isDraft07(schema)
    ? new Ajv({ strict: false, allErrors: true })
    : new Ajv2020({ strict: false, allErrors: true })
  for (const reference of references) compiler.addSchema(reference)
  const validate = compiler.compile(schema)
  const rejected = (check: string, text: string) => {
    const message = asProse(text)
    return { ok: false as const, reason: message, checks: [{ name: check, status: "failed" as const, message }] }
  }
  const parse = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))
  /** The parser shows a piece of the text, and no piece of a value is known for one. So it is asked again without the values. */
  const complaint = (bytes: Uint8Array): string => {
    try {
      const hiding = hideInStream(hidden)
      parse(Buffer.concat([hiding.take(bytes), hiding.end()]))
      return "the parser refuses it"
    } catch (again) {
      return again instanceof Error ? again.message : ""
    }
  }
  return {
    name,
    verify: ({ artifact }) =>
      Effect.gen(function* () {
        if (artifact.bytes > bytes_max) return rejected(name, `is larger than ${bytes_max} bytes`)
        const chunks = yield* Effect.mapError(
          Stream.runCollect(artifact.stream),
          (cause) => new VerifierError({ verifier: name, code: "failed", detail: cause.message }),
        )
        const bytes = Buffer.concat(chunks)
        let value: unknown
        try {
          value = parse(bytes)
        } catch {
          return rejected("json", `is not JSON: ${complaint(bytes)}`)
        }
        if (validate(value)) return { ok: true as const, checks: [{ name, status: "passed" as const }] }
        const issues = (validate.errors ?? []).map(
          // The path is made of the artifact's own keys, however long they are.
          ({ instancePath, message = "" }) =>
            `${asProse(hide(instancePath) || "/", 300)} ${asProse(hide(message), 300)}`,
        )
        const more = issues.length - issues_shown
        return rejected(name, `${issues.slice(0, issues_shown).join("; ")}${more > 0 ? ` and ${more} more` : ""}`)
      }),
  }
}
