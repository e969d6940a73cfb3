/**
 * The commands that operate a ledger, and the space around it.
 *
 * @module
 */
import { command } from "@waybill/command"
import { changed, damaged_flag, done, ledger_errors, ledger_exits, LEDGER_FLAWED } from "../Exits.ts"
import { removalText, spaceText } from "../keeping/texts.ts"
import type { Verified } from "../keeping/verify.ts"
import { place_flags, placeOf, root_flags } from "../Place.ts"

const day_ms = 86_400_000

const position = (description: string) => ({ type: "integer", value_name: "POSITION", description }) as const
const refusePosition = (field: string, value: number | undefined) =>
  value === undefined || value >= 1 ? [] : [{ field, message: `${value} is no position; the first one is 1` }]
const sound = { SUCCESS: done("The answer is in data"), ...ledger_exits } as const

export const ledgerShow = command({
  name: "ledger show",
  description: "Says what is in a ledger and how it is; with --position, shows one record.",
  danger_level: "safe",
  parameters: { position: position("The record to show"), ...place_flags },
  exit_codes: { ...sound, NOT_FOUND: done("Nothing stands at this position") },
  error_registry: ledger_errors,
  output_schema: { type: "object", required: ["where"], properties: { where: { type: "string" } } },
  validate: (args) => refusePosition("position", args.position),
  execute: async (args, ctx) => {
    const { show } = await import("../keeping/ledger.ts")
    return show(args.position, placeOf(args, ctx.env), ctx)
  },
})

const verifiedText = ({ flaws, head, position, sealed, torn_bytes, unsealed }: Verified): string => {
  const but = flaws.length === 0 ? "" : `, but for ${flaws.length} flaws that were acknowledged`
  // A database keeps no seals.
  if (position !== undefined) return `sound: ${unsealed} records can be read and stand in order${but}`
  if (sealed + unsealed === 0) return "nothing to check: there are no records"
  const open = unsealed === 0 ? "" : `; ${unsealed} have no seal, and are what the head was kept of`
  return [
    `sound: ${sealed} records are what was written, each held against its seal${but}${open}`,
    ...(torn_bytes === 0 ? [] : [`${torn_bytes} bytes of a write that was cut off go with the next one`]),
    `head: ${head ?? "nothing is sealed yet"}`,
  ].join("\n")
}

export const ledgerVerify = command({
  name: "ledger verify",
  description: "Checks every byte of a ledger against its seals, or every record of one in a database.",
  danger_level: "safe",
  timeout_ms: 2_147_483_647,
  parameters: {
    expect: { type: "array", value_name: "HEAD", description: "What ledger head printed earlier; it must still hold" },
    ...place_flags,
  },
  exit_codes: { ...sound, SUCCESS: done("Every record is what was written"), LEDGER_FLAWED },
  error_registry: ledger_errors,
  output_schema: { type: "object", required: ["head", "sealed", "unsealed", "unproven", "torn_bytes", "flaws"] },
  validate: ({ expect }) =>
    expect.flatMap((text) =>
      /^waybill-chain:(?:0|[1-9]\d{0,15}):[\da-f]{64}$/u.test(text.trim())
        ? []
        : [{ field: "expect", message: `${JSON.stringify(text)} is no head; ledger head prints one` }],
    ),
  render: verifiedText,
  execute: async (args, ctx) => {
    const { verify } = await import("../keeping/verify.ts")
    return verify(args.expect, placeOf(args, ctx.env), ctx)
  },
})

export const ledgerRepair = command({
  name: "ledger repair",
  description: "Acknowledges what is damaged with one more fact; nothing is rewritten.",
  danger_level: "mutating",
  timeout_ms: 2_147_483_647,
  parameters: place_flags,
  exit_codes: { ...sound, SUCCESS: changed("The damage is acknowledged, or there was none") },
  error_registry: ledger_errors,
  output_schema: { type: "object", required: ["effect", "position", "flaws"] },
  execute: async (args, ctx) => {
    const { repair } = await import("../keeping/ledger.ts")
    return repair(placeOf(args, ctx.env), ctx)
  },
})

export const ledgerHead = command({
  name: "ledger head",
  description: "Prints where the chain of seals ends: keep it elsewhere, and hand it to ledger verify --expect later.",
  danger_level: "safe",
  parameters: place_flags,
  exit_codes: { ...sound, NOT_FOUND: done("Nothing is sealed yet") },
  error_registry: ledger_errors,
  output_schema: { type: "object", required: ["head", "position", "sha256"] },
  execute: async (args, ctx) => {
    const { head } = await import("../keeping/ledger.ts")
    return head(placeOf(args, ctx.env), ctx)
  },
})

export const ledgerReplay = command({
  name: "ledger replay",
  description: "Folds the ledger anew, up to a position, and shows what it came to then.",
  danger_level: "safe",
  list: { default_limit: 50 },
  parameters: {
    at: position("The last fact that counts; the last one there is when left out"),
    projection: {
      type: "enum",
      enum_values: ["runs", "queue", "jobs"],
      default: "runs",
      description: "Settlements, the queue, or the queue's read model",
    },
    ...place_flags,
  },
  exit_codes: sound,
  error_registry: ledger_errors,
  output_schema: { type: "object", required: ["projection", "position", "events", "entities", "anomalies"] },
  validate: (args) => refusePosition("at", args.at),
  execute: async (args, ctx) => {
    const { replay } = await import("../keeping/ledger.ts")
    const { projection } = args
    const which = projection === "queue" || projection === "jobs" ? projection : "runs"
    return replay(args.at, which, placeOf(args, ctx.env), ctx)
  },
})

export const ledgerExport = command({
  name: "ledger export",
  description: "Prints every record as a line, for ledger import elsewhere.",
  danger_level: "safe",
  stream: { format: "raw", media_type: "application/x-ndjson" },
  output_schema: { type: "string", description: "Lines of a ledger" },
  parameters: { damaged: damaged_flag, ...place_flags },
  exit_codes: { ...sound, SUCCESS: done("Every record was printed") },
  error_registry: ledger_errors,
  execute: async (args, ctx) => {
    const { exportLines } = await import("../keeping/ledger.ts")
    return exportLines(args.damaged === "skip" ? "skip" : "refuse", placeOf(args, ctx.env), ctx)
  },
})

export const ledgerImport = command({
  name: "ledger import",
  description: "Fills an empty ledger with the lines of another one, all or none.",
  danger_level: "mutating",
  timeout_ms: 2_147_483_647,
  parameters: {
    from: {
      type: "string",
      required: true,
      positional: 0,
      value_name: "FILE",
      pattern_type: "filepath",
      description: "The lines; - is stdin",
    },
    ...place_flags,
  },
  exit_codes: { ...sound, SUCCESS: changed("Every line is in the ledger"), CONFLICT: done("A line cannot be taken") },
  error_registry: {
    ...ledger_errors,
    IMPORT_REFUSED: { exit: "CONFLICT", fix_required: "Mend that line, or leave it out, and import again." },
  },
  output_schema: { type: "object", required: ["root", "records", "next_command"] },
  execute: async (args, ctx) => {
    const { importFile } = await import("../keeping/ledger.ts")
    return importFile(args.from, placeOf(args, ctx.env), ctx)
  },
})

export const du = command({
  name: "du",
  description: "Says what takes space, and what it is for.",
  danger_level: "safe",
  parameters: root_flags,
  exit_codes: { SUCCESS: done("The sizes are in data"), PRECONDITION: done("Some of it may not be looked at") },
  output_schema: { type: "object", required: ["root", "bytes", "parts"], properties: { parts: { type: "array" } } },
  render: spaceText,
  execute: async (args, ctx) => {
    const { du: run } = await import("../keeping/space.ts")
    return run(placeOf(args, ctx.env))
  },
})

export const gc = command({
  name: "gc",
  description: "Removes what ended runs left behind: never facts, and deliverable bytes only when told twice.",
  danger_level: "destructive",
  dry_run: "supported",
  timeout_ms: 2_147_483_647,
  parameters: {
    deliverables: { type: "boolean", description: "Remove verified bytes, too; needs --yes" },
    yes: { type: "boolean", description: "Yes, even what could still be delivered" },
    logs: {
      type: "number",
      value_name: "DAYS",
      description: "Remove what was printed in runs that ended that long ago, too; 0 for all that have ended",
    },
    ...place_flags,
  },
  exit_codes: {
    ...sound,
    SUCCESS: changed("What may go is gone, or listed with --dry-run"),
    PARTIAL_FAILURE: {
      description: "Some is gone and some could not be removed; data has both",
      retryable: false,
      side_effects: "partial",
    },
  },
  error_registry: ledger_errors,
  output_schema: { type: "object", required: ["root", "removed", "bytes", "entries", "left"] },
  render: removalText,
  validate: ({ logs = 0 }) => (logs >= 0 ? [] : [{ field: "logs", message: `${logs} is no number of days` }]),
  execute: async (args, ctx) => {
    const { gc: run } = await import("../keeping/gc.ts")
    const { deliverables, logs, yes } = args
    const logs_ms = logs === undefined ? undefined : logs * day_ms
    return run({ deliverables, yes, logs_ms }, placeOf(args, ctx.env), ctx)
  },
})
