/**
 * The agent: leaves a bill of materials of the lock file it finds in its workspace.
 *
 * Its first attempt is careless on purpose. In a repair attempt it is told which checks failed, and mends what they name.
 *
 * Exit codes: 0 a candidate was left, 2 the input cannot be used.
 */
import { Result, Schema } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { encodeBom, generateBom, type Omission } from "./bom/generate.ts"
import { readLock } from "./bom/lockfile.ts"

const Input = Schema.fromJsonString(
  Schema.NullOr(
    Schema.Struct({
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
    }),
  ),
)

/** What each failed check tells the agent to stop leaving out. */
const mends: Readonly<Record<string, ReadonlyArray<Omission>>> = {
  complete: ["scoped-packages", "nested-copies", "platform-packages", "workspace-members"],
  hashes: ["development-hashes"],
  "serial-number": ["serial-number"],
}

const stop = (message: string): never => {
  console.error(`agent: ${message}`)
  process.exit(2)
}

const candidate =
  process.env["WAYBILL_CANDIDATE"] ?? stop("WAYBILL_CANDIDATE does not say where to leave the candidate")
const inputPath = process.env["WAYBILL_INPUT"] ?? stop("WAYBILL_INPUT does not say where the input is")
const input = Schema.decodeUnknownResult(Input)(readFileSync(inputPath, "utf8"))
if (Result.isFailure(input)) stop(`${inputPath} is not this agent's input: ${input.failure.message}`)
const previous = Result.getOrThrow(input)?.previous

const lock = readLock(readFileSync("input/package-lock.json"))
if (Result.isFailure(lock)) stop(lock.failure.message)

const failed = (previous?.checks ?? []).filter(({ status }) => status === "failed").map(({ name }) => name)
const omissions = new Set<Omission>(
  previous === undefined || failed.some((name) => mends[name] === undefined)
    ? ["scoped-packages", "nested-copies", "platform-packages", "development-hashes", "serial-number"]
    : [],
)
// A check that this agent knows how to mend; whatever no check complained about was right.
for (const name of failed) for (const omission of mends[name] ?? []) omissions.delete(omission)

if (previous === undefined) console.log("reading the top level of node_modules, that should do")
else console.log(`mending: ${failed.join(", ")}`)
const bom = generateBom(Result.getOrThrow(lock), omissions)
writeFileSync(candidate, encodeBom(bom))
console.log(`${bom.components.length} components`)
