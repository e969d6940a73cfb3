/**
 * The commands around one run: settle it, deliver it, ask what happened.
 *
 * @module
 */
import { command, type Context, type Problem } from "@waybill/command"
import { parseDuration } from "@waybill/command-contract"
import { changed, done, JOB_FAILED, ledger_errors, ledger_exits, run_missing, VERIFIER_REJECTED } from "../Exits.ts"
import { id_pattern, ledger_job_schema } from "../jobs/ledgerJobSchema.ts"
import { tellNewRoot } from "../Nowhere.ts"
import { place_flags, placeOf } from "../Place.ts"
import { refuseVariables } from "../refuseVariables.ts"
import { explainedText, loggedText, settledText, startedText } from "../settling/texts.ts"
import type { Settled } from "../settling/settle.ts"

/** The longest that a timer can be set to; each attempt has a limit of its own. */
const longest_ms = 2_147_483_647

const run_id = {
  type: "string",
  required: true,
  positional: 0,
  value_name: "RUN_ID",
  pattern: id_pattern,
  description: "Id of the run; settle says it",
} as const

const attempts_schema = { type: "array", items: { type: "object", required: ["attempt", "status"] } } as const

const isSettled = (data: object): data is Settled => "attempts" in data

interface ValidatedWords {
  readonly candidate: string
  readonly "schema-id": string
  readonly "run-id"?: string | undefined
  readonly key?: string | undefined
  readonly agent: ReadonlyArray<string>
  readonly verify: ReadonlyArray<string>
  readonly "json-schema"?: string | undefined
  readonly "max-attempts"?: number | undefined
  readonly "attempt-timeout": string
  readonly "verify-timeout": string
  readonly seed: ReadonlyArray<string>
  readonly env: ReadonlyArray<string>
}

const validate = async (args: ValidatedWords, around: Pick<Context, "env">): Promise<ReadonlyArray<Problem>> => {
  const { refuseWords } = await import("../settling/refuseWords.ts")
  const problems: Array<Problem> = [...refuseWords(args)]
  if (args.verify.length === 0 && args["json-schema"] === undefined)
    problems.push({
      field: "verify",
      code: "VERIFIER_REQUIRED",
      message: "nobody would judge the result; give --verify CMD, or --json-schema FILE, or both",
    })
  const attempts = args["max-attempts"]
  if (attempts !== undefined && (attempts < 1 || attempts > 100))
    problems.push({ field: "max-attempts", message: "is from 1 to 100" })
  for (const field of ["attempt-timeout", "verify-timeout"] as const) {
    const reading = parseDuration(args[field])
    if (!reading.ok) problems.push({ field, message: reading.problem })
  }
  for (const seed of args.seed)
    if (!/^.+=.+$/su.test(seed)) problems.push({ field: "seed", message: `${JSON.stringify(seed)}: write SRC=PATH` })
  return [...problems, ...refuseVariables(args.env, around.env)]
}

export const settle = command({
  name: "settle",
  description: "Runs an agent's command and accepts its result only if it verifies.",
  danger_level: "mutating",
  async: true,
  job_descriptor_schema: ledger_job_schema,
  timeout_ms: longest_ms,
  parameters: {
    agent: {
      type: "array",
      required: true,
      positional: 0,
      value_name: "AGENT",
      description: "The agent's command, behind --; it runs in the job's own workspace",
    },
    candidate: {
      type: "string",
      required: true,
      value_name: "PATH",
      description: "Where the agent leaves its result, below the workspace",
    },
    "schema-id": { type: "string", required: true, value_name: "ID", description: "What kind of result this is" },
    verify: {
      type: "array",
      value_name: "CMD",
      description: "Shell command that judges the result: the file is its last argument; 0 accepts, 1 rejects",
    },
    "json-schema": {
      type: "string",
      value_name: "FILE",
      pattern_type: "filepath",
      description: "JSON Schema that the result must keep",
    },
    repair: {
      type: "string",
      value_name: "CMD",
      description: "Shell command for further attempts; the agent itself when left out",
    },
    "max-attempts": {
      type: "integer",
      value_name: "N",
      description: "Attempts in all; 1, or 2 with --repair, when left out",
    },
    "attempt-timeout": {
      type: "string",
      default: "30m",
      value_name: "DURATION",
      description: "How long one run of the agent may take",
    },
    "verify-timeout": {
      type: "string",
      default: "5m",
      value_name: "DURATION",
      description: "How long the verifiers may take together",
    },
    "run-id": {
      type: "string",
      value_name: "ID",
      description: "Id of the run; the same one goes on where it was cut off",
    },
    key: { type: "string", value_name: "KEY", description: "Idempotency key; under one key there is one job" },
    workspace: {
      type: "string",
      value_name: "DIR",
      pattern_type: "filepath",
      description: "Folder whose files are copied into the workspace first, without .git, .agents and node_modules",
    },
    seed: { type: "array", value_name: "SRC=PATH", description: "File that is copied into the workspace first" },
    env: { type: "array", value_name: "NAME", description: "Variable for agent and verifiers: NAME, or NAME=VALUE" },
    detach: {
      type: "boolean",
      description: "Answer as soon as the job is in the ledger; it goes on by itself, also when the terminal is closed",
    },
    ...place_flags,
  },
  exit_codes: {
    SUCCESS: changed("The result was verified, and can be delivered"),
    CONFLICT: done("The key or the id stands for other work"),
    ...ledger_exits,
    VERIFIER_REJECTED,
    JOB_FAILED,
  },
  error_registry: {
    ...ledger_errors,
    IDEMPOTENCY_CONFLICT: { exit: "CONFLICT", fix_required: "Use a new --key, or a new --run-id, for new work." },
    RUN_TAKEN: { exit: "CONFLICT", fix_required: "Use another --run-id, or the --key it was asked for under." },
    NO_ROOM: {
      exit: "UNAVAILABLE",
      suggestion: "See what takes space with: waybill du; make room, and make the same call again",
    },
    FOLDER_REFUSED: {
      exit: "UNAVAILABLE",
      suggestion: "Give rights to the folder, or make room, and make the same call again",
    },
    AGENT_ERROR: { exit: "UNAVAILABLE", suggestion: "Correct what the message names, and make the same call again." },
    HOLD_FAILED: { exit: "UNAVAILABLE", suggestion: "Correct what the message names, and make the same call again." },
    INVALID_FACT: { exit: "PRECONDITION", suggestion: "See what is meant with: waybill settle --help" },
    JOB_IS_NO_SETTLEMENT: { exit: "CONFLICT", fix_required: "Choose another --run-id." },
    INVALID_DECLARATION: { exit: "PRECONDITION", suggestion: "See what is meant with: waybill settle --help" },
  },
  output_schema: {
    ...ledger_job_schema,
    description: "The job, and what was made of it; with --detach the job alone",
    required: [...ledger_job_schema.required, "run_id"],
    properties: {
      ...ledger_job_schema.properties,
      run_id: { type: "string" },
      run_status: { type: "string" },
      attempts: attempts_schema,
    },
  },
  examples: [
    {
      description: "Accept a report only if it keeps a schema; let the agent try three times",
      command:
        "waybill settle --candidate report.json --schema-id report/v1 --json-schema report.schema.json --max-attempts 3 -- ./agent.sh",
    },
  ],
  validate,
  render: (data: object) => (isSettled(data) ? settledText(data) : startedText({ ...data })),
  execute: async (args, ctx): Promise<object> => {
    const place = placeOf(args, ctx.env)
    tellNewRoot(args, place, ctx)
    if (args.detach) return (await import("../settling/detach.ts")).detach(args, place, ctx)
    const { settle: run } = await import("../settling/settle.ts")
    return run(args, place, ctx)
  },
})

export const deliver = command({
  name: "deliver",
  description: "Hands over the verified bytes of a run, checked once more; refuses anything else.",
  danger_level: "mutating",
  stream: { format: "raw", media_type: "application/octet-stream" },
  output_schema: { type: "string", description: "The bytes; with --to FILE the receipt, one line of JSON" },
  parameters: {
    "run-id": run_id,
    to: {
      type: "string",
      default: "-",
      value_name: "FILE",
      description: "Where to; - is stdout. To a file, stdout gets the receipt as JSON",
    },
    ...place_flags,
  },
  exit_codes: {
    SUCCESS: changed("The bytes are delivered"),
    NOT_FOUND: run_missing,
    CONFLICT: done("The run holds nothing that may be delivered, or its bytes are not those that were verified"),
    ...ledger_exits,
  },
  error_registry: {
    ...ledger_errors,
    BYTES_DIFFER: { exit: "CONFLICT", fix_required: "The stored bytes were changed. Put them back, or settle anew." },
    ARTIFACT_MISSING: { exit: "CONFLICT", fix_required: "The stored bytes are gone. Put them back, or settle anew." },
    DESTINATION_REFUSED: { exit: "CONFLICT", fix_required: "Choose another --to." },
    STORAGE_FAILED: {
      exit: "UNAVAILABLE",
      suggestion: "Correct what the message names, and make the same call again.",
    },
  },
  execute: async ({ to, ...args }, ctx) => {
    const { deliver: run } = await import("../settling/deliver.ts")
    return run(args["run-id"], to, placeOf(args, ctx.env), ctx)
  },
})

export const explain = command({
  name: "explain",
  description: "Says what happened in a run, attempt by attempt.",
  danger_level: "safe",
  parameters: { "run-id": run_id, ...place_flags },
  exit_codes: { SUCCESS: done("The story is in data"), NOT_FOUND: run_missing, ...ledger_exits },
  error_registry: ledger_errors,
  output_schema: {
    type: "object",
    required: ["run_id", "status", "in_words", "attempts", "explanation", "anomalies", "next_command"],
    properties: { in_words: { type: "string" }, attempts: attempts_schema },
  },
  render: explainedText,
  execute: async (args, ctx) => {
    const { explain: run } = await import("../settling/explain.ts")
    return run(args["run-id"], placeOf(args, ctx.env), ctx)
  },
})

export const logs = command({
  name: "logs",
  description: "Shows what agent and verifier of a run printed, without secrets.",
  danger_level: "safe",
  parameters: {
    "run-id": run_id,
    bytes: {
      type: "integer",
      default: 16_384,
      value_name: "N",
      description: "How much of each output is shown at most, from its end",
    },
    ...place_flags,
  },
  exit_codes: { SUCCESS: done("The outputs are in data"), NOT_FOUND: run_missing, ...ledger_exits },
  error_registry: {
    ...ledger_errors,
    AGENT_ERROR: { exit: "UNAVAILABLE", suggestion: "Correct what the message names, and make the same call again." },
  },
  output_schema: { type: "object", required: ["run_id", "attempts"], properties: { attempts: { type: "array" } } },
  validate: ({ bytes }) => (bytes >= 1 && bytes <= 262_144 ? [] : [{ field: "bytes", message: "is from 1 to 262144" }]),
  render: loggedText,
  execute: async (args, ctx) => {
    const { logs: run } = await import("../settling/logs.ts")
    return run(args["run-id"], args.bytes, placeOf(args, ctx.env), ctx)
  },
})
