/**
 * The server that a command asks, when it is not to work on a ledger itself.
 *
 * @module
 */
import { CommandError } from "@waybill/command"
import type { Flag } from "@waybill/command-contract"
import { placeOf } from "../Place.ts"
import { token_flags, tokenFileOf } from "../serving/tokenFileOf.ts"

/** The flags of every command that can ask a server. */
export const server_flags = {
  server: {
    type: "string",
    value_name: "URL",
    description: "A JobSpec server to ask, in place of a ledger; WAYBILL_SERVER says the same",
  },
  ...token_flags,
} as const satisfies Readonly<Record<string, Flag>>

export interface ServerPlace {
  /** Without a slash at its end, such as `http://127.0.0.1:8765`. */
  readonly url: string
  /** Where the token is that changes need. Read only then. */
  readonly token_file: string
  /** What a command must carry to find the same server again from elsewhere. */
  readonly words: ReadonlyArray<string>
}

type Words = Readonly<Record<string, unknown>>
const textIn = (words: Words, name: string): string | undefined => {
  const value = words[name]
  return typeof value === "string" && value !== "" ? value : undefined
}

/** Why a text is no server's address; `undefined` when it is one. */
export const refuseServer = (text: string): string | undefined => {
  const url = URL.parse(text)
  if (url === null || !["http:", "https:"].includes(url.protocol))
    return `${JSON.stringify(text)} is no address such as http://127.0.0.1:8765`
  if (url.username !== "" || url.password !== "") return "holds credentials; put the token into a file: --token-file"
  return url.search === "" && url.hash === "" ? undefined : "must end with the path"
}

/**
 * The server that is meant; `undefined` when it is a ledger. A flag that names a root or a ledger goes before
 * WAYBILL_SERVER, and `--server` before everything.
 */
export const serverOf = (words: Words, env: Readonly<Record<string, string | undefined>>): ServerPlace | undefined => {
  const named = textIn(words, "server")
  const isLocal = textIn(words, "root") !== undefined || textIn(words, "ledger") !== undefined
  const text = named ?? (isLocal ? undefined : textIn(env, "WAYBILL_SERVER"))
  if (text === undefined) return undefined
  const refused = refuseServer(text)
  if (refused !== undefined)
    throw new CommandError({
      exit: "ARG_ERROR",
      code: "SERVER_ADDRESS_REFUSED",
      message: `${named === undefined ? "WAYBILL_SERVER" : "--server"}: ${refused}.`,
      fix_required: "Name the server as it says itself in its first line.",
    })
  const root = textIn(words, "root")
  const file = textIn(words, "token-file")
  const url = text.replace(/\/+$/u, "")
  const token_file = tokenFileOf({ "token-file": file }, placeOf({ root }, {}), env)
  return { url, token_file, words: ["--server", url, ...(file === undefined ? [] : ["--token-file", token_file])] }
}
