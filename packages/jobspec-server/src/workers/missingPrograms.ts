/**
 * Whether the programs of a work plan are there to be started. Looked at before a server takes anything, since a plan with a
 * mistyped program would fail every job of its type, for good.
 *
 * @module
 */
import { constants } from "node:fs"
import { access, stat } from "node:fs/promises"
import { delimiter, join } from "node:path"
import type { WorkPlan } from "./WorkPlan.ts"

type Reason = "is not there" | "is a folder" | "must not be executed by this user (chmod u+x)"

const refuseFile = async (path: string): Promise<Reason | undefined> => {
  try {
    if ((await stat(path)).isDirectory()) return "is a folder"
  } catch {
    return "is not there"
  }
  return access(path, constants.X_OK).then(
    () => undefined,
    () => "must not be executed by this user (chmod u+x)",
  )
}

/** Looked up as the system does it: the first folder of the PATH whose file can be executed. */
const refuseProgram = async (program: string, path: string): Promise<string | undefined> => {
  if (program.includes("/")) return refuseFile(program)
  for (const folder of path.split(delimiter))
    if (folder !== "" && (await refuseFile(join(folder, program))) === undefined) return undefined
  return "is in no folder of the PATH"
}

const assigned = (env: ReadonlyArray<string>): string | undefined =>
  env.findLast((each) => each.startsWith("PATH="))?.slice("PATH=".length)

/**
 * Says which programs of a plan cannot be started, by where the plan names them; empty where all can.
 *
 * @param path the PATH of whoever starts them, used for types whose `env` sets none
 */
export const missingPrograms = async ({ types }: WorkPlan, path: string): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (const [name, { command, env, settle }] of Object.entries(types)) {
    const programs: ReadonlyArray<readonly [where: string, program: string | undefined]> = [
      ["command", command?.[0]],
      ["settle.agent", settle?.agent[0]],
      ...(settle?.verify ?? []).map(([program], i) => [`settle.verify[${i}]`, program] as const),
    ]
    for (const [where, program] of programs) {
      const reason = program === undefined ? undefined : await refuseProgram(program, assigned(env) ?? path)
      if (reason !== undefined) found.push(`${name}.${where}: ${JSON.stringify(program)} ${reason}`)
    }
  }
  return found
}
