import { Data, Result, Schema, SchemaIssue } from "effect"
import { allOmissions, type Omission } from "./generate.ts"

/** What a repair is told of the attempt before it. Without `previous` it is a first attempt. */
export const AttemptInput = Schema.Struct({
  previous: Schema.optionalKey(
    Schema.Struct({
      reason: Schema.String,
      checks: Schema.Array(
        Schema.Struct({
          name: Schema.String,
          status: Schema.Literals(["passed", "failed"]),
          message: Schema.optionalKey(Schema.String),
        }),
      ),
    }),
  ),
})
export type AttemptInput = typeof AttemptInput.Type

/** The attempt's input is not of the agreed form. */
export class InputMalformed extends Data.TaggedError("InputMalformed")<{
  readonly where: string
  readonly reason: string
}> {
  override get message(): string {
    return (
      `The attempt's input is malformed: ${this.where}: ${this.reason}. ` +
      `It is {} or { "previous": { "reason", "checks": [{ "name", "status", "message"? }] } }`
    )
  }
}

/** None of the failed checks is one that this generator knows how to mend. */
export class NothingToMend extends Data.TaggedError("NothingToMend")<{ readonly checks: ReadonlyArray<string> }> {
  override get message(): string {
    return `No mend is known for the failed checks ${this.checks.join(", ")}; known are ${[...mends.keys()].join(", ")}`
  }
}

/** Check → what must not be left out for it to pass. */
const mends: ReadonlyMap<string, ReadonlyArray<Omission>> = new Map([
  ["complete", ["scoped-packages", "nested-copies", "platform-packages", "workspace-members"]],
  ["hashes", ["development-hashes"]],
  ["serial-number", ["serial-number"]],
])

/** A repair's plan: what is still left out, and which failed checks are mended and which nobody can mend here. */
export interface Plan {
  readonly omissions: ReadonlySet<Omission>
  readonly mended: ReadonlyArray<string>
  readonly unknown: ReadonlyArray<string>
}

const decode = Schema.decodeUnknownResult(AttemptInput)
const toIssues = SchemaIssue.makeFormatterStandardSchemaV1()

/** Reads the text of the attempt's input file; `null`, as an attempt without an input has it, is `{}`. */
export const readInput = (text: string): Result.Result<AttemptInput, InputMalformed> =>
  Result.gen(function* () {
    const json = yield* Result.try({
      try: (): unknown => JSON.parse(text),
      catch: (cause) => new InputMalformed({ where: "the whole file", reason: `not JSON (${String(cause)})` }),
    })
    return yield* Result.mapError(decode(json ?? {}), (error) => {
      const first = toIssues(error.issue).issues[0]
      const path = (first?.path ?? []).map((key) => String(typeof key === "object" ? key.key : key)).join(".")
      return new InputMalformed({
        where: path === "" ? "the whole file" : path,
        reason: first?.message ?? "unreadable",
      })
    })
  })

/**
 * Decides what to leave out. A first attempt, and one after an attempt that no check has judged, is as careless as
 * can be. A repair mends what the failed checks name. A check that passed before has its care taken too: it may have
 * been an earlier repair that made it pass.
 *
 * Fails with {@link NothingToMend}: the same candidate once more would only be rejected once more.
 */
export const planAttempt = ({ previous }: AttemptInput): Result.Result<Plan, NothingToMend> => {
  const failed = previous?.checks.filter(({ status }) => status === "failed").map(({ name }) => name) ?? []
  const mended = failed.filter((name) => mends.has(name))
  const unknown = failed.filter((name) => !mends.has(name))
  if (failed.length > 0 && mended.length === 0) return Result.fail(new NothingToMend({ checks: unknown }))
  const kept = new Set(failed.length === 0 ? [] : previous?.checks.flatMap(({ name }) => mends.get(name) ?? []))
  return Result.succeed({ omissions: new Set(allOmissions.filter((omission) => !kept.has(omission))), mended, unknown })
}
