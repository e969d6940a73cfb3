/** What `--env` may say; apart from what starts programs, as it is asked before anything heavy is loaded. */
import type { Problem } from "@waybill/command"

/** Every `--env` that passes nothing on: it names no variable, or one that is not set here. */
export const refuseVariables = (
  words: ReadonlyArray<string>,
  env: Readonly<Record<string, string | undefined>>,
): ReadonlyArray<Problem> =>
  words.flatMap((word): ReadonlyArray<Problem> => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*(?:=|$)/u.test(word))
      return [{ field: "env", message: "write NAME to pass a variable on, or NAME=VALUE" }]
    if (word.includes("=") || env[word] !== undefined) return []
    const message = `${word} is not set here: set it, say --env ${word}=VALUE, or leave it out`
    return [{ field: "env", code: "VARIABLE_UNSET", message }]
  })
