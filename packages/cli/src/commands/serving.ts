/**
 * The commands around a server: run one, and say who may change something there.
 *
 * @module
 */
import { command, type Problem } from "@waybill/command"
import { parseDuration } from "@waybill/command-contract"
import { changed, done, ledger_errors, ledger_exits } from "../Exits.ts"
import { refuseJobType } from "../jobs/refuseJobType.ts"
import { place_flags, placeOf, root_flags } from "../Place.ts"
import { token_flags, tokenFileOf } from "../serving/tokenFileOf.ts"

const lease_ms_max = 86_400_000
const grace_ms_max = 3_600_000
/** What the server does after its requests have ended: the ledger is closed, the root is let go. */
const closing_ms_max = 5_000

/** The time that a text names, when it names one and not more than a limit. */
const limited_ms = (text: string, most_ms: number): number | undefined => {
  const reading = parseDuration(text)
  return reading.ok && reading.ms !== undefined && reading.ms <= most_ms ? reading.ms : undefined
}

const refuseTime = (field: string, text: string, most_ms: number): ReadonlyArray<Problem> =>
  limited_ms(text, most_ms) === undefined
    ? [{ field, message: `${JSON.stringify(text)}: write a time such as 30s or 5m, at most ${most_ms / 3_600_000}h` }]
    : []

const bad_token_file = {
  BAD_TOKEN_FILE: {
    exit: "PRECONDITION",
    fix_required:
      'Put right what the message says. The file holds one token, or {"tokens": [...]}, and is readable by its owner alone: chmod 600 FILE',
  },
} as const

const workers_max = 256

/** A server runs nothing that its operator has not written down. */
const refuseWorkers = (workers: number, plan: string | undefined): ReadonlyArray<Problem> => {
  if (workers < 0 || workers > workers_max) return [{ field: "workers", message: `is from 0 to ${workers_max}` }]
  if (workers > 0 && plan === undefined)
    return [{ field: "workers", message: "needs --work-plan FILE, which says what they may run" }]
  if (workers === 0 && plan !== undefined)
    return [{ field: "work-plan", message: "is for --workers N, which says how many work by it" }]
  return []
}

export const serve = command({
  name: "serve",
  description: "Serves JobSpec v0 over the ledger, on this machine alone, until it is told to stop.",
  danger_level: "mutating",
  service: true,
  grace_ms: grace_ms_max + closing_ms_max,
  parameters: {
    addr: {
      type: "string",
      default: "127.0.0.1:8765",
      value_name: "HOST:PORT",
      description: "Where to listen; port 0 takes a free one",
    },
    ...token_flags,
    lease: {
      type: "string",
      default: "60s",
      value_name: "DURATION",
      description: "How long a worker holds a job without a heartbeat",
    },
    grace: {
      type: "string",
      default: "10s",
      value_name: "DURATION",
      description: "How long requests may take to end after SIGTERM",
    },
    "job-type": {
      type: "array",
      value_name: "T",
      description: "Type of job to take beside the contract's",
    },
    workers: {
      type: "integer",
      default: 0,
      value_name: "N",
      description: "How many jobs to work on at once in this process; what is run is in --work-plan alone",
    },
    "work-plan": {
      type: "string",
      value_name: "FILE",
      description: "Which types of jobs are worked on, and by which commands; nobody else may write it",
    },
    failpoints: { type: "boolean", description: "Let requests ask for failures; for tests alone" },
    ...place_flags,
  },
  exit_codes: {
    SUCCESS: done("It was told to stop, and did"),
    CONFLICT: done("Another server has this root"),
    ...ledger_exits,
    PRECONDITION: done("The address, the token file or the ledger cannot be used as they are"),
  },
  error_registry: {
    ...ledger_errors,
    ALREADY_SERVED: {
      exit: "CONFLICT",
      fix_required: "Ask the server that is there, with --server, or stop it first.",
    },
    CANNOT_LISTEN: { exit: "PRECONDITION", suggestion: "Take a free port with: waybill serve --addr 127.0.0.1:0" },
    ...bad_token_file,
    BAD_WORK_PLAN: { exit: "PRECONDITION", suggestion: "See how a plan is written in docs/server.md" },
    INVALID_DECLARATION: { exit: "PRECONDITION", suggestion: "See how a plan is written in docs/server.md" },
  },
  output_schema: {
    type: "object",
    description: "The first and only line: where the server is",
    required: ["url", "pid", "root", "token_file", "made_token"],
    properties: {
      url: { type: "string" },
      pid: { type: "integer" },
      root: { type: "string" },
      token_file: { type: "string" },
      made_token: { type: "boolean" },
    },
  },
  examples: [
    { description: "Serve this project on a free port", command: "waybill serve --addr 127.0.0.1:0" },
    {
      description: "Take jobs of a type of your own beside the contract's",
      command: "waybill serve --job-type report.build",
    },
  ],
  validate: ({ grace, "job-type": types, lease, "work-plan": plan, workers }) => [
    ...refuseWorkers(workers, plan),
    ...types.flatMap((each) => {
      const refused = refuseJobType(each)
      return refused === undefined ? [] : [{ field: "job-type", message: refused }]
    }),
    ...refuseTime("lease", lease, lease_ms_max),
    ...refuseTime("grace", grace, grace_ms_max),
  ],
  execute: async ({ grace, lease, ...args }, ctx) => {
    const { serve: run } = await import("../serving/serve.ts")
    const words = {
      ...args,
      lease_ms: limited_ms(lease, lease_ms_max) ?? lease_ms_max,
      grace_ms: limited_ms(grace, grace_ms_max) ?? grace_ms_max,
    }
    await run(words, placeOf(args, ctx.env), ctx)
  },
})

const reveal = {
  type: "boolean",
  description: "Show the tokens themselves; whoever sees this output may then do what they may",
} as const

const tokens_schema = {
  type: "object",
  required: ["token_file", "tokens"],
  properties: {
    token_file: { type: "string" },
    tokens: { type: "array", items: { type: "object", required: ["name", "capabilities", "local_only"] } },
  },
} as const

const unusable = done("The file cannot be used as it is, or not be made there")
const no_room = { description: "There is no room for the file", retryable: true, side_effects: "none" } as const

export const token = command({
  name: "token",
  description: "Says where the tokens of a server are, and what each of them may do.",
  danger_level: "safe",
  parameters: { reveal, ...token_flags, ...root_flags },
  exit_codes: {
    SUCCESS: done("The file is in data"),
    PRECONDITION: unusable,
    NOT_FOUND: done("There is no such file"),
  },
  error_registry: bad_token_file,
  output_schema: tokens_schema,
  execute: async (args, ctx) => {
    const { showTokens } = await import("../serving/tokens.ts")
    const place = placeOf(args, ctx.env)
    return showTokens(tokenFileOf(args, place, ctx.env), args.reveal, place)
  },
})

export const tokenMake = command({
  name: "token make",
  description: "Makes a token file with a new token that may do everything, where there is none.",
  danger_level: "mutating",
  parameters: { reveal, ...token_flags, ...root_flags },
  exit_codes: { SUCCESS: changed("The file is there"), PRECONDITION: unusable, UNAVAILABLE: no_room },
  error_registry: bad_token_file,
  output_schema: tokens_schema,
  execute: async (args, ctx) => {
    const { makeTokens } = await import("../serving/tokens.ts")
    return makeTokens(tokenFileOf(args, placeOf(args, ctx.env), ctx.env), args.reveal)
  },
})

export const tokenRotate = command({
  name: "token rotate",
  description: "Puts a new token in the place of an old one, which counts no more; a server notices within a second.",
  danger_level: "mutating",
  parameters: {
    name: { type: "string", value_name: "NAME", description: "Whose; may be left out where the file holds one token" },
    reveal,
    ...token_flags,
    ...root_flags,
  },
  exit_codes: {
    SUCCESS: changed("The new token counts"),
    PRECONDITION: unusable,
    UNAVAILABLE: no_room,
    NOT_FOUND: done("There is no such file, or nobody in it has that name"),
  },
  error_registry: bad_token_file,
  output_schema: tokens_schema,
  execute: async (args, ctx) => {
    const { rotateTokens } = await import("../serving/tokens.ts")
    const place = placeOf(args, ctx.env)
    return rotateTokens(tokenFileOf(args, place, ctx.env), args.name, args.reveal, place)
  },
})
