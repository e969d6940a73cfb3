/**
 * From the words of `settle` to the declaration of a job.
 *
 * @module
 */
import { CommandError } from "@waybill/command"
import { parseDuration } from "@waybill/command-contract"
import { readRegularFile } from "@waybill/host"
import {
  allOf,
  commandVerifier,
  hideValues,
  type JobDeclaration,
  jsonSchemaVerifier,
  type Verifier,
} from "@waybill/runtime"
import { Effect } from "effect"
import { createHash, randomBytes } from "node:crypto"
import { resolve } from "node:path"
import { commandFrom, shell, variables, type Words } from "../Programs.ts"
import { irregular } from "../refuseIrregular.ts"
import { namesOf } from "./checkNames.ts"
import { readSeeds, type Warn } from "./Seeds.ts"
import { verifyCommand } from "./verifyCommand.ts"

/** The words, as they were parsed. */
export interface SettleWords {
  readonly agent: ReadonlyArray<string>
  readonly candidate: string
  readonly "schema-id": string
  readonly workspace?: string | undefined
  readonly verify: ReadonlyArray<string>
  readonly "json-schema"?: string | undefined
  readonly repair?: string | undefined
  readonly "max-attempts"?: number | undefined
  readonly "attempt-timeout": string
  readonly "verify-timeout": string
  readonly "run-id"?: string | undefined
  readonly key?: string | undefined
  readonly seed: ReadonlyArray<string>
  readonly env: ReadonlyArray<string>
}

const digest = (text: string | Uint8Array): string => createHash("sha256").update(text).digest("hex")
const longest_ms = 2_147_483_647
const timeOf = (text: string): number => {
  const reading = parseDuration(text)
  // The words were validated; `0` is no limit.
  return reading.ok ? (reading.ms ?? longest_ms) : longest_ms
}

/** The verifier, and the digest of the very bytes that it was made of. */
const readSchema = (
  path: string,
  cwd: string,
  hidden: Readonly<Record<string, string>>,
): { readonly verifier: Verifier; readonly sha256: string } => {
  try {
    const bytes = readRegularFile(resolve(cwd, path))
    const schema: Readonly<Record<string, unknown>> = JSON.parse(bytes.toString("utf8"))
    return { verifier: jsonSchemaVerifier({ schema, hidden }), sha256: digest(bytes) }
  } catch (cause) {
    const refused = irregular("--json-schema", cause)
    if (refused !== undefined) throw refused
    throw new CommandError({
      exit: "ARG_ERROR",
      code: "JSON_SCHEMA_UNUSABLE",
      message: `--json-schema ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      fix_required: "Name a file that holds one JSON Schema, draft 2020-12 or draft-07.",
      cause,
    })
  }
}

/** The line as a program. Words that were validated hold no line that is refused. */
const judging = (line: string): Words => {
  const judged = verifyCommand(line)
  if ("command" in judged) return judged.command
  throw new CommandError({ exit: "ARG_ERROR", code: "VERIFY_REFUSED", message: `--verify ${line} ${judged.refused}.` })
}

/** The ids of a job. One that nobody named is new, so it is asked for once. */
export const idsOf = (words: SettleWords): { readonly runId: string; readonly key: string } => {
  const { key, "run-id": given } = words
  const runId =
    given ?? (key === undefined ? `run-${randomBytes(6).toString("hex")}` : `run-${digest(key).slice(0, 16)}`)
  return { runId, key: key ?? runId }
}

/** The variables to pass on. One that is not set is a mistake: a program would run without what it was to be given. */
const passedOn = (words: ReadonlyArray<string>, env: Readonly<Record<string, string | undefined>>) => {
  const missing = words.find((word) => !word.includes("=") && env[word] === undefined)
  if (missing === undefined) return variables(words, env)
  throw new CommandError({
    exit: "ARG_ERROR",
    code: "VARIABLE_UNSET",
    message: `--env ${missing}: this variable is not set here.`,
    fix_required: `Set ${missing}, say --env ${missing}=VALUE, or leave it out.`,
  })
}

/** Declares the job that the words ask for. Reads the seeds and the schema; changes nothing. */
export const declare = (
  words: SettleWords,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
  warn: Warn = () => {},
) =>
  Effect.gen(function* () {
    const { candidate, repair, verify } = words
    const { key, runId } = idsOf(words)
    const agent = commandFrom(words.agent, cwd)
    const passed = yield* Effect.try({ try: () => passedOn(words.env, env), catch: (cause) => cause })
    const seeds = yield* Effect.try({
      try: () => readSeeds({ seeds: words.seed, workspace: words.workspace, cwd, warn }),
      catch: (cause) => cause,
    })
    const schemaFile = words["json-schema"]
    const schema = yield* Effect.try({
      try: () => (schemaFile === undefined ? undefined : readSchema(schemaFile, cwd, passed)),
      catch: (cause) => cause,
    })
    const judges = yield* Effect.try({
      try: () => verify.map(judging),
      catch: (cause) => cause,
    })
    // Before they are cut: the beginning of a value is not known for one.
    const shown = verify.map((line) => hideValues(line, passed))
    const names = namesOf(shown, schema === undefined ? [] : [schema.verifier.name])
    const commands = yield* Effect.forEach(judges, (command, index) =>
      commandVerifier({ name: names[index] ?? "", command, cwd, env: passed, silentRejection: true }),
    )
    const [first, ...others] = [...(schema === undefined ? [] : [schema.verifier]), ...commands]
    if (first === undefined) return yield* Effect.die("validated: there is a verifier")
    const timeLimit_ms = timeOf(words["attempt-timeout"])
    const isRepairable = repair !== undefined || words["max-attempts"] !== undefined
    const inputHash = digest(
      JSON.stringify([
        words.agent,
        repair,
        candidate,
        verify,
        schema?.sha256,
        seeds.map((seed) => [seed.path, digest(seed.content)]),
      ]),
    )
    const job: JobDeclaration = {
      runId,
      idempotencyKey: key,
      requestedBy: "waybill",
      terminalSchemaId: words["schema-id"],
      inputHash: `sha256:${inputHash}`,
      seeds,
      candidatePath: candidate,
      submit: () => ({ command: agent, env: passed, timeLimit_ms }),
      verifier: others.length === 0 ? first : allOf([first, ...others]),
      verifierDeadline_ms: timeOf(words["verify-timeout"]),
      ...(isRepairable
        ? {
            recovery: {
              maxAttempts: words["max-attempts"] ?? 2,
              submit: ({ previous }) => ({
                command: repair === undefined ? agent : shell(repair),
                env: passed,
                timeLimit_ms,
                input: {
                  previous: {
                    reason: previous.reason,
                    checks: previous.checks.map(({ message, name, status }) => ({
                      name,
                      status,
                      ...(message === undefined ? {} : { message }),
                    })),
                  },
                },
              }),
            },
          }
        : {}),
    }
    return job
  })
