/**
 * One fact's schema, in the words of each validator: the same fields, bounds and patterns, and no other keys.
 *
 * @module
 */
import { Vocabulary } from "@waybill/ledger"
import { Schema } from "effect"
import type { PeerModules } from "./Peers.ts"

export interface Payload {
  readonly requestedEventId: string
  readonly runId: string
  readonly artifact: { readonly path: string; readonly sha256: string; readonly bytes: number }
}

const sha256 = /^sha256:[0-9a-f]{64}$/u
const text_max = 256

const Text = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(text_max))

export const Built = Vocabulary.make("built", {
  finalized: {
    payload: Schema.Struct({
      requestedEventId: Text,
      runId: Text,
      artifact: Schema.Struct({
        path: Text,
        sha256: Schema.String.check(Schema.isPattern(sha256)),
        bytes: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
      }),
    }),
  },
})

/** The eight keys around a payload. */
export interface Envelope {
  readonly schema_version: number
  readonly event_id: string
  readonly request_id: string
  readonly job_id: string
  readonly event_type: string
  readonly occurred_at: string
  readonly actor: string
  readonly payload: Payload
}

/** Checks a value; throws, or answers false, where it does not fit. */
export interface Checks {
  readonly payload: (value: unknown) => unknown
  readonly envelope: (value: unknown) => unknown
}

const isText = (value: unknown): boolean => typeof value === "string" && value.length > 0 && value.length <= text_max
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
const hasKeys = (value: Record<string, unknown>, count: number): boolean => Object.keys(value).length === count

const isPayload = (value: unknown): boolean => {
  if (!isRecord(value) || !hasKeys(value, 3)) return false
  const { artifact } = value
  return (
    isText(value["requestedEventId"]) &&
    isText(value["runId"]) &&
    isRecord(artifact) &&
    hasKeys(artifact, 3) &&
    isText(artifact["path"]) &&
    typeof artifact["sha256"] === "string" &&
    sha256.test(artifact["sha256"]) &&
    Number.isSafeInteger(artifact["bytes"]) &&
    Number(artifact["bytes"]) >= 0
  )
}

export const byHand: Checks = {
  payload: isPayload,
  envelope: (value) =>
    isRecord(value) &&
    hasKeys(value, 8) &&
    value["schema_version"] === 1 &&
    isText(value["event_id"]) &&
    isText(value["request_id"]) &&
    isText(value["job_id"]) &&
    isText(value["event_type"]) &&
    isText(value["occurred_at"]) &&
    isText(value["actor"]) &&
    isPayload(value["payload"]),
}

const text_keys = ["event_id", "request_id", "job_id", "event_type", "occurred_at", "actor"]
const withTexts = <A>(text: A, more: Readonly<Record<string, A>>): Record<string, A> => ({
  ...Object.fromEntries(text_keys.map((key) => [key, text])),
  ...more,
})

const jsonText = { type: "string", minLength: 1, maxLength: text_max }
const jsonObject = (properties: Readonly<Record<string, unknown>>) => ({
  type: "object",
  additionalProperties: false,
  required: Object.keys(properties),
  properties,
})
const jsonPayload = jsonObject({
  requestedEventId: jsonText,
  runId: jsonText,
  artifact: jsonObject({
    path: jsonText,
    sha256: { type: "string", pattern: sha256.source },
    bytes: { type: "integer", minimum: 0 },
  }),
})
const jsonEnvelope = jsonObject(withTexts<object>(jsonText, { schema_version: { const: 1 }, payload: jsonPayload }))

interface ZodText {
  readonly min: (length: number) => ZodText
  readonly max: (length: number) => ZodText
  readonly regex: (pattern: RegExp) => ZodText
}
interface ZodObject {
  readonly parse: (value: unknown) => unknown
}
interface Zod {
  readonly string: () => ZodText
  readonly int: () => { readonly min: (least: number) => unknown }
  readonly literal: (value: number) => unknown
  readonly strictObject: (shape: Readonly<Record<string, unknown>>) => ZodObject
}

const zod = async ({ load }: PeerModules): Promise<Checks> => {
  const z = (await load("zod")) as Zod
  const text = z.string().min(1).max(text_max)
  const artifact = z.strictObject({ path: text, sha256: z.string().regex(sha256), bytes: z.int().min(0) })
  const payload = z.strictObject({ requestedEventId: text, runId: text, artifact })
  const envelope = z.strictObject(withTexts<unknown>(text, { schema_version: z.literal(1), payload }))
  return { payload: (value) => payload.parse(value), envelope: (value) => envelope.parse(value) }
}

interface Valibot {
  readonly string: () => unknown
  readonly number: () => unknown
  readonly literal: (value: number) => unknown
  readonly minLength: (length: number) => unknown
  readonly maxLength: (length: number) => unknown
  readonly regex: (pattern: RegExp) => unknown
  readonly integer: () => unknown
  readonly minValue: (least: number) => unknown
  readonly pipe: (...steps: ReadonlyArray<unknown>) => unknown
  readonly strictObject: (shape: Readonly<Record<string, unknown>>) => unknown
  readonly parse: (schema: unknown, value: unknown) => unknown
}

const valibot = async ({ load }: PeerModules): Promise<Checks> => {
  const v = (await load("valibot")) as Valibot
  const text = v.pipe(v.string(), v.minLength(1), v.maxLength(text_max))
  const artifact = v.strictObject({
    path: text,
    sha256: v.pipe(v.string(), v.regex(sha256)),
    bytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
  })
  const payload = v.strictObject({ requestedEventId: text, runId: text, artifact })
  const envelope = v.strictObject(withTexts(text, { schema_version: v.literal(1), payload }))
  return { payload: (value) => v.parse(payload, value), envelope: (value) => v.parse(envelope, value) }
}

interface TypeboxCompile {
  readonly Compile: (schema: object) => { readonly Check: (value: unknown) => boolean }
}

const typebox = async ({ load }: PeerModules): Promise<Checks> => {
  const { Compile } = (await load("typebox/compile")) as TypeboxCompile
  const [payload, envelope] = [Compile(jsonPayload), Compile(jsonEnvelope)]
  return { payload: (value) => payload.Check(value), envelope: (value) => envelope.Check(value) }
}

interface AjvModule {
  readonly Ajv: new () => { readonly compile: (schema: object) => (value: unknown) => boolean }
}

const ajv = async ({ load }: PeerModules): Promise<Checks> => {
  const { Ajv } = (await load("ajv")) as AjvModule
  const [payload, envelope] = [new Ajv().compile(jsonPayload), new Ajv().compile(jsonEnvelope)]
  return { payload, envelope }
}

export const validators = { "zod 4": zod, valibot, "typebox compiled": typebox, ajv }
export type ValidatorName = keyof typeof validators
