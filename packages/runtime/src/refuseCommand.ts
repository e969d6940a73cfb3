/**
 * Whether a command and its variables can be started at all.
 *
 * @module
 */

/**
 * Why they cannot, or `undefined`. The variables that begin with `WAYBILL_` are the protocol's own. Looked at as what untyped
 * code may hand over.
 */
export const refuseCommand = (command: unknown, env: unknown): string | undefined => {
  if (!Array.isArray(command) || command.length === 0 || command[0] === "") return "there is no command"
  if (typeof env !== "object" || env === null) return "the variables are no object"
  const variables: ReadonlyArray<readonly [string, unknown]> = Object.entries(env)
  const words: ReadonlyArray<unknown> = [...(command as ReadonlyArray<unknown>), ...variables.flat()]
  if (words.some((word) => typeof word !== "string" || word.includes("\0")))
    return "the command's words and variables are texts without NUL"
  const nameless = variables.find(([name]) => name === "" || name.includes("="))
  if (nameless !== undefined) return `${JSON.stringify(nameless[0])} is no name of a variable`
  const reserved = variables.find(([name]) => name.startsWith("WAYBILL_"))
  return reserved === undefined ? undefined : `the variable ${reserved[0]} is the protocol's own`
}
