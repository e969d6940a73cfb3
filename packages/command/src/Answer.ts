/**
 * The one answer as text, within its size limit.
 *
 * @module
 */
import { type Meta, type ResponseEnvelope, envelope_schema_version, makeEnvelope } from "@waybill/command-contract"
import type { Application } from "./Application.ts"
import { bytesOf, shorten } from "./Cap.ts"
import type { Ended } from "./Supervise.ts"

/** Facts about the run that every answer has. */
export interface RunFacts {
  readonly command?: string | undefined
  readonly contract_version?: string | undefined
  readonly duration_ms: number
  readonly timeout_ms: number
  readonly started_ms: number
  readonly request_id: string
  readonly trace_id: string | undefined
}

export const metaOf = (app: Pick<Application, "version">, facts: RunFacts, more: Partial<Meta> = {}): Meta => ({
  ...(facts.command === undefined ? {} : { command: facts.command }),
  timestamp: new Date(facts.started_ms).toISOString(),
  request_id: facts.request_id,
  ...(facts.trace_id === undefined ? {} : { trace_id: facts.trace_id }),
  schema_version: envelope_schema_version,
  ...(facts.contract_version === undefined ? {} : { contract_version: facts.contract_version }),
  tool_version: app.version,
  ...more,
  duration_ms: facts.duration_ms,
  timeout_ms: facts.timeout_ms,
})

/** What a command that ended says, as an envelope. */
export const envelopeOf = (
  app: Application,
  facts: RunFacts,
  ended: Ended,
  more: Partial<Meta> = {},
): ResponseEnvelope => {
  const { outcome, partial, warnings } = ended
  const isPartial =
    partial || (!outcome.ok && outcome.exit_code === 3 && outcome.data !== null && "partial" in outcome.data)
  const meta = metaOf(app, facts, {
    ...more,
    ...(isPartial ? { partial: true } : {}),
    ...(outcome.ok && outcome.pagination !== undefined
      ? { pagination: outcome.pagination, cursor: outcome.pagination.next_cursor }
      : {}),
    ...(outcome.truncation === undefined ? {} : { truncated: true, ...outcome.truncation }),
  })
  return outcome.ok
    ? makeEnvelope({ exit_code: 0, data: outcome.data, warnings, meta })
    : makeEnvelope({ exit_code: outcome.exit_code, data: outcome.data, error: outcome.error, warnings, meta })
}

const truncated_warning = "OUTPUT_TRUNCATED: data was shortened to fit; meta says by how much"

/** Room that the facts about a truncation take. */
const reserve_bytes = 64

/**
 * The envelope as one line. An answer over the limit loses items from the end of its list, or the end of its longest
 * text; when nothing else helps, all its data.
 *
 * @param hint how to get the rest
 */
export const serialise = (envelope: ResponseEnvelope, limit_bytes: number, hint: string): string => {
  const wasShortened = envelope.meta.truncated === true
  const marked = (data: unknown, facts: object): object => ({
    ...envelope,
    data,
    warnings: [...envelope.warnings, truncated_warning],
    meta: { ...envelope.meta, truncated: true, ...facts, truncation_hint: hint },
  })
  const fits = (value: object) => bytesOf(value) + 1 <= limit_bytes
  const whole = wasShortened ? marked(envelope.data, {}) : envelope
  if (fits(whole)) return `${JSON.stringify(whole)}\n`
  const shell = marked(null, { total_count: 0, returned_count: 0 })
  const budget = limit_bytes - 1 - bytesOf(shell) - reserve_bytes
  const short = shorten(envelope.data, Math.max(0, budget))
  const counts = {
    ...short.truncation,
    ...(envelope.meta.total_count === undefined ? {} : { total_count: envelope.meta.total_count }),
  }
  const shortened = marked(short.data, counts)
  if (fits(shortened)) return `${JSON.stringify(shortened)}\n`
  // A failure may have no data; a success must.
  return `${JSON.stringify(marked(envelope.ok ? {} : null, {}))}\n`
}
