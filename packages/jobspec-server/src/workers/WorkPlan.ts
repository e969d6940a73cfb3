/**
 * Which jobs a server works on itself, and by what: a file of the operator's. A submitter chooses among its types, and nothing else.
 *
 * @module
 */
import { NotRegularFile, readRegularFile } from "@waybill/host"
import { contract_job_types, JobSpec, renamed_job_types } from "@waybill/jobspec"
import { refusePath } from "@waybill/workspace-job"
import { Data, Effect, Result, Schema } from "effect"
import { stat } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { durationOf } from "../durations.ts"
import { missingPrograms } from "./missingPrograms.ts"

const Command = Schema.NonEmptyArray(Schema.NonEmptyString)

const Settle = Schema.Struct({
  /** The agent: program and arguments, started in the job's workspace, which has the payload as `payload.json`. */
  agent: Command,
  /** Where it leaves its work, in the workspace. */
  candidate: Schema.NonEmptyString,
  schema: Schema.NonEmptyString,
  /** Each gets the artifact's path as its last argument, and all must accept: exit code 0; 1 rejects, also without a word. */
  verify: Schema.NonEmptyArray(Command),
  verify_limit: Schema.optionalKey(Schema.String),
})

const Work = Schema.Struct({
  /** Works on the jobs that ask for no terminal artifact. */
  command: Schema.optionalKey(Command),
  /** Settles the jobs that ask for one. */
  settle: Schema.optionalKey(Settle),
  /** How long the command or the agent may take. */
  limit: Schema.optionalKey(Schema.String),
  /** Variables for it beside PATH: `NAME` passes one of the server's on, `NAME=VALUE` sets one. */
  env: Schema.optionalKey(Schema.Array(Schema.String)),
})
type Written = typeof Work.Type

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Record(Schema.NonEmptyString, Work)), {
  onExcessProperty: "error",
  errors: "all",
})

export type Argv = readonly [string, ...ReadonlyArray<string>]

export interface TypeWork {
  readonly command?: Argv
  readonly settle?: {
    readonly agent: Argv
    readonly candidate: string
    readonly schema: string
    readonly verify: ReadonlyArray<Argv>
    readonly verifyLimit_ms?: number
  }
  readonly limit_ms?: number
  readonly env: ReadonlyArray<string>
}

/** By job type; at least one. Either every type is settled or none. */
export interface WorkPlan {
  readonly types: Readonly<Record<string, TypeWork>>
  /** Where relative programs are looked for, and where verifiers run. */
  readonly folder: string
}

/** The plan cannot be followed. Says where and why, and repeats no variable's value. */
export class BadWorkPlan extends Data.TaggedError("BadWorkPlan")<{ readonly path: string; readonly reason: string }> {
  override get message(): string {
    return `the work plan ${this.path} cannot be used: ${this.reason}`
  }
}

/** The contract's own types, by all their names. */
export const contracted: ReadonlySet<string> = new Set(
  [...contract_job_types, ...renamed_job_types].map(({ name }) => name),
)

const limitIn = (where: string, text: string | undefined): Result.Result<number | undefined, string> => {
  if (text === undefined) return Result.succeed(undefined)
  const time_ms = durationOf(text)
  return time_ms === undefined || time_ms < 1
    ? Result.fail(`${where} must be a time such as "30s" or "10m"`)
    : Result.succeed(time_ms)
}

/** Whether the name is one that a job type can bear. */
const refuseType = (name: string): Result.Result<void, string> =>
  Result.try({
    try: () => void (contracted.has(name) || JobSpec.make({ jobTypes: [{ name }] })),
    catch: (cause) => (cause instanceof Error ? cause.message : String(cause)),
  })

const typeWork = (name: string, written: Written, folder: string): Result.Result<TypeWork, string> => {
  const { command, env = [], limit, settle } = written
  // A name without a slash is looked up in the PATH; a path counts from the plan, wherever the server was started.
  const placed = ([program, ...args]: Argv): Argv => [
    program.includes("/") ? resolve(folder, program) : program,
    ...args,
  ]
  if (command === undefined && settle === undefined) return Result.fail(`${name} has neither command nor settle`)
  if (env.some((each) => !/^[A-Za-z_][A-Za-z0-9_]*(?:=|$)/u.test(each)))
    return Result.fail(`${name}.env holds names of variables, and NAME=VALUE`)
  const badCandidate = settle === undefined ? undefined : refusePath(settle.candidate)
  if (settle !== undefined && badCandidate !== undefined)
    return Result.fail(
      `${name}.settle.candidate is ${JSON.stringify(settle.candidate)}, which ${badCandidate}; it is a path below the job's workspace`,
    )
  return Result.flatMap(limitIn(`${name}.limit`, limit), (limit_ms) =>
    Result.map(limitIn(`${name}.settle.verify_limit`, settle?.verify_limit), (verifyLimit_ms) => ({
      env,
      ...(command === undefined ? {} : { command: placed(command) }),
      ...(limit_ms === undefined ? {} : { limit_ms }),
      ...(settle === undefined
        ? {}
        : {
            settle: {
              agent: placed(settle.agent),
              candidate: settle.candidate,
              schema: settle.schema,
              verify: settle.verify.map(placed),
              ...(verifyLimit_ms === undefined ? {} : { verifyLimit_ms }),
            },
          }),
    })),
  )
}

/** Reads a plan's text. `folder` is where the file lies. */
export const readWorkPlanText = (text: string, folder: string): Result.Result<WorkPlan, string> =>
  Result.flatMap(
    Result.mapError(decode(text), ({ message }) => message),
    (written) => {
      const types = new Map<string, TypeWork>()
      for (const [name, each] of Object.entries(written)) {
        const work = Result.flatMap(refuseType(name), () => typeWork(name, each, folder))
        if (Result.isFailure(work)) return Result.fail(work.failure)
        types.set(name, work.success)
      }
      const all = [...types.values()]
      if (all.length === 0) return Result.fail("it names no type")
      const settled = all.filter(({ settle }) => settle !== undefined).length
      return settled === 0 || settled === all.length
        ? Result.succeed({ types: Object.fromEntries(types), folder })
        : // A claim that may take jobs which ask for an artifact may take them of every type it names.
          Result.fail("some types have settle and some have not: give each of them one, or take two servers")
    },
  )

/**
 * Reads a plan. Refuses one that somebody else may have written, since what it names is run as the server's user, and one whose
 * programs cannot be started.
 *
 * @param searched the PATH that programs without a slash are looked up in
 */
export const readWorkPlan = (
  path: string,
  searched = process.env["PATH"] ?? "",
): Effect.Effect<WorkPlan, BadWorkPlan> => {
  const bad = (reason: string) => new BadWorkPlan({ path, reason })
  return Effect.gen(function* () {
    const file = resolve(path)
    const read = async () => ({ info: await stat(file), text: readRegularFile(file).toString("utf8") })
    const { info, text } = yield* Effect.tryPromise({
      try: read,
      catch: (cause) => {
        if (cause instanceof NotRegularFile) return bad("it is not a regular file")
        return bad(cause instanceof Error && "code" in cause ? String(cause.code) : String(cause))
      },
    })
    if ((info.mode & 0o022) !== 0) return yield* bad("others may write it (chmod go-w)")
    const user = process.getuid?.()
    if (user !== undefined && info.uid !== user && info.uid !== 0) return yield* bad("it belongs to another user")
    const plan = readWorkPlanText(text, dirname(file))
    if (Result.isFailure(plan)) return yield* bad(plan.failure)
    const missing = yield* Effect.promise(() => missingPrograms(plan.success, searched))
    if (missing.length > 0) return yield* bad(`${missing.join("; ")}. Put them there, or name others`)
    return plan.success
  })
}
