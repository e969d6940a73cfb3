/**
 * The command that works on jobs.
 *
 * @module
 */
import { command, type Problem } from "@waybill/command"
import { parseDuration } from "@waybill/command-contract"
import { done, ledger_errors, ledger_exits } from "../Exits.ts"
import { refuseJobType } from "../jobs/refuseJobType.ts"
import { place_flags, placeOf } from "../Place.ts"
import { refuseVariables } from "../refuseVariables.ts"
import { server_exits } from "../server/refusals.ts"
import { refuseServer, server_flags, serverOf } from "../server/ServerPlace.ts"

const lease_ms_max = 86_400_000
const drain_ms_max = 3_600_000
/** What is left to do when running work has ended: to hand back what has not, and to close the ledger. */
const closing_ms_max = 10_000
const concurrency_max = 256

const msOf = (text: string): number | undefined => {
  const reading = parseDuration(text)
  return reading.ok ? reading.ms : undefined
}

const refuseTime = (field: string, text: string, [least_ms, most_ms]: readonly [number, number]) => {
  const ms = msOf(text)
  const isFine = ms !== undefined && ms >= least_ms && ms <= most_ms
  return isFine ? [] : [{ field, message: `${JSON.stringify(text)}: write a time such as 30s, from ${least_ms}ms on` }]
}

export const work = command({
  name: "work",
  description: "Works on the jobs of a queue with a command, one process per job, until it is told to stop.",
  danger_level: "mutating",
  service: true,
  grace_ms: drain_ms_max + closing_ms_max,
  has_network_io: true,
  network_agents: false,
  requires: [{ if_flag: "server", prohibited: ["ledger"] }],
  parameters: {
    command: {
      type: "array",
      required: true,
      positional: 0,
      value_name: "CMD",
      description: "The command, behind --; the payload is on its stdin, 0 completes the job, anything else fails it",
    },
    type: {
      type: "array",
      required: true,
      value_name: "T",
      description: "Type of job to take",
    },
    concurrency: { type: "integer", default: 1, value_name: "N", description: "How many jobs at once" },
    lease: {
      type: "string",
      default: "60s",
      value_name: "DURATION",
      description: "How long a job is held without a sign of life, which is sent four times in it",
    },
    drain: {
      type: "string",
      default: "10s",
      value_name: "DURATION",
      description: "How long running work may go on after SIGTERM; then it is handed back",
    },
    "job-timeout": {
      type: "string",
      default: "0",
      value_name: "DURATION",
      description: "How long the command may take for one job; 0 for no limit",
    },
    env: { type: "array", value_name: "NAME", description: "Variable for the command: NAME, or NAME=VALUE" },
    ...server_flags,
    ...place_flags,
  },
  exit_codes: {
    SUCCESS: done("It was told to stop, and did"),
    ...ledger_exits,
    ...server_exits,
    PRECONDITION: done("The queue cannot be used as it is, or has no routes for workers"),
  },
  error_registry: {
    ...ledger_errors,
    INVALID_DECLARATION: { exit: "PRECONDITION", suggestion: "See what is meant with: waybill work --help" },
  },
  output_schema: {
    type: "object",
    description: "One line for each thing that happens",
    required: ["event"],
    properties: { event: { type: "string" }, job_id: { type: "string" }, attempt: { type: "integer" } },
  },
  examples: [
    {
      description: "Build reports, two at once, for a server that takes jobs of this type",
      command: "waybill work --server http://127.0.0.1:8765 --type report.build --concurrency 2 -- ./build-report",
    },
  ],
  validate: ({ command, concurrency, drain, env, "job-timeout": job_timeout, lease, server, type }, around) => {
    const problems: Array<Problem> = []
    const refused = server === undefined ? undefined : refuseServer(server)
    if (refused !== undefined) problems.push({ field: "server", message: refused })
    if (command[0] === "") problems.push({ field: "command", message: "the program's name is empty" })
    for (const each of type) {
      const message = refuseJobType(each)
      if (message !== undefined) problems.push({ field: "type", message })
    }
    if (concurrency < 1 || concurrency > concurrency_max)
      problems.push({ field: "concurrency", message: `is from 1 to ${concurrency_max}` })
    problems.push(
      ...refuseTime("lease", lease, [1_000, lease_ms_max]),
      ...refuseTime("drain", drain, [1, drain_ms_max]),
    )
    const reading = parseDuration(job_timeout)
    if (!reading.ok) problems.push({ field: "job-timeout", message: reading.problem })
    return [...problems, ...refuseVariables(env, around.env)]
  },
  execute: async (args, ctx) => {
    const { work: run } = await import("../working/work.ts")
    const words = {
      command: args.command,
      type: args.type,
      concurrency: args.concurrency,
      env: args.env,
      lease_ms: msOf(args.lease) ?? lease_ms_max,
      drain_ms: msOf(args.drain) ?? drain_ms_max,
      job_timeout_ms: msOf(args["job-timeout"]),
    }
    await run(words, placeOf(args, ctx.env), serverOf(args, ctx.env), ctx)
  },
})
