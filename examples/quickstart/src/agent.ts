/**
 * The agent: makes a bill of materials of `input/package-lock.json` in the folder it is started in.
 *
 *     WAYBILL_CANDIDATE=/absolute/bom.json WAYBILL_INPUT=/absolute/input.json node agent.ts
 *
 * The first attempt is careless; a repair reads the failed checks of the attempt before and mends what they name.
 * Progress goes to stdout, errors to stderr. Exit code 0: it left a candidate; 1: it knows no mend for any of the
 * failed checks; 2: what it was given is missing or malformed, or the candidate could not be written.
 */
import { readFile, writeFile } from "node:fs/promises"
import { isAbsolute } from "node:path"
import { env } from "node:process"
import { Result } from "effect"
import { encodeBom, generateBom } from "./bom/generate.ts"
import { readLock } from "./bom/lockfile.ts"
import { type AttemptInput, NothingToMend, planAttempt, readInput } from "./bom/mend.ts"

const lockPath = "input/package-lock.json"

const say = (line: string) => process.stdout.write(`${line}\n`)

/** The absolute path of the file to leave. */
const candidatePath = (): string => {
  const path = env["WAYBILL_CANDIDATE"] ?? ""
  if (!isAbsolute(path)) {
    throw new Error(`WAYBILL_CANDIDATE is "${path}"; set it to the absolute path of the file to leave`)
  }
  return path
}

const attemptInput = async (): Promise<AttemptInput> => {
  const path = env["WAYBILL_INPUT"] ?? ""
  return path === "" ? {} : Result.getOrThrow(readInput(await readFile(path, "utf8")))
}

const run = async (): Promise<void> => {
  const candidate = candidatePath()
  const input = await attemptInput()
  const plan = Result.getOrThrow(planAttempt(input))
  if (input.previous === undefined) say("First attempt")
  else say(`After an attempt that ended with "${input.previous.reason}": ${plan.mended.length} checks to mend`)
  for (const name of plan.mended) {
    const message = input.previous?.checks.find((check) => check.name === name)?.message
    say(`Mending ${name}${message === undefined ? "" : `: ${message}`}`)
  }
  for (const name of plan.unknown) say(`No mend is known for ${name}`)

  const lock = Result.getOrThrow(readLock(await readFile(lockPath)))
  say(`Read ${lockPath}: ${lock.root.name}, ${lock.packages.length} packages`)
  const bom = generateBom(lock, plan.omissions)
  const bytes = encodeBom(bom)
  await writeFile(candidate, bytes)
  say(`Left a bill of materials of ${bom.components.length} components, ${bytes.length} bytes`)
}

try {
  await run()
} catch (error) {
  process.stderr.write(`No candidate: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof NothingToMend ? 1 : 2
}
