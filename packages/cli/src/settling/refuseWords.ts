/**
 * What can be known of the words of `settle` before anything is done: a mistake in them must leave no fact behind.
 *
 * @module
 */
import type { Problem } from "@waybill/command"
import { refuseJobId, reserved_job_ids } from "@waybill/ledger"
import { refuseBaseKey, refuseFilePath } from "@waybill/workspace-job"
import { verifyCommand } from "./verifyCommand.ts"

const schema_id_length_max = 1024

/** Why a text cannot be the id of a new job or run; `undefined` when it can. */
export const refuseNewId = (id: string): string | undefined =>
  refuseJobId(id) ?? (reserved_job_ids.has(id) ? "is reserved" : undefined)

const refuseSchemaId = (id: string): string | undefined => {
  if (id === "") return "is empty"
  if (!id.isWellFormed()) return "contains a lone surrogate"
  return id.length > schema_id_length_max ? `is longer than ${schema_id_length_max} characters` : undefined
}

const refuseCandidate = (path: string): string | undefined =>
  path.startsWith("/") ? "is absolute: it is a path below the agent's workspace" : refuseFilePath(path)

const refuseVerify = (line: string): string | undefined => {
  const judged = verifyCommand(line)
  return "refused" in judged ? judged.refused : undefined
}

export interface NamedWords {
  readonly agent: ReadonlyArray<string>
  readonly candidate: string
  readonly "schema-id": string
  readonly "run-id"?: string | undefined
  readonly key?: string | undefined
  readonly verify: ReadonlyArray<string>
  readonly seed: ReadonlyArray<string>
  readonly env: ReadonlyArray<string>
}

/** Every name, path and variable that would be refused later, with the flag it was given by. */
export const refuseWords = (words: NamedWords): ReadonlyArray<Problem> => {
  const { candidate, env, key, "run-id": runId, "schema-id": schemaId, seed, verify } = words
  const found: ReadonlyArray<readonly [field: string, value: string, reason: string | undefined]> = [
    ["candidate", candidate, refuseCandidate(candidate)],
    ["schema-id", schemaId, refuseSchemaId(schemaId)],
    ["run-id", runId ?? "", runId === undefined ? undefined : refuseNewId(runId)],
    ["key", key ?? "", key === undefined ? undefined : refuseBaseKey(key)],
    ...verify.map((line) => ["verify", line, refuseVerify(line)] as const),
    ...seed.map((word) => ["seed", word, refuseFilePath(word.slice(word.lastIndexOf("=") + 1))] as const),
    ...env.map((word) => {
      const [name = ""] = word.split("=", 1)
      return [
        "env",
        name,
        name.startsWith("WAYBILL_") ? "is one of the variables that Waybill sets itself" : undefined,
      ] as const
    }),
  ]
  const refused = found.flatMap(([field, value, reason]) =>
    reason === undefined ? [] : [{ field, message: `--${field} ${JSON.stringify(value)} ${reason}` }],
  )
  return words.agent[0] === "" ? [...refused, { field: "agent", message: "the program's name is empty" }] : refused
}
