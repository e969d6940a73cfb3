/**
 * What a server or the way to it said no with, as errors that name the next command to type.
 *
 * @module
 */
import { CommandError, shellWord } from "@waybill/command"
import type { ExitCodePromise } from "@waybill/command-contract"
import { done } from "../Exits.ts"
import type { ServerPlace } from "./ServerPlace.ts"

const too_late: ExitCodePromise = { description: "No answer in time", retryable: true, side_effects: "none" }

/** What a command can end with because it asks a server. */
export const server_exits = {
  TIMEOUT: too_late,
  PERMISSION_DENIED: done("The server does not take the token for this"),
  AUTH_REQUIRED: done("There is no token for this server"),
} as const

/** Codes of failures that happened before anything was sent. */
const before_sending = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
])

const codesOf = (thrown: unknown): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (let one = thrown; one instanceof Error && found.length < 10; one = one.cause)
    if ("code" in one && typeof one.code === "string") found.push(one.code)
  return found
}

/** As `serve --addr` takes it. */
const addressOf = ({ url }: ServerPlace): string => {
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port === "" ? (protocol === "https:" ? "443" : "80") : port}`
}

/** No server takes a request at all. */
export const nobodyThere = (server: ServerPlace, why: string, cause: unknown): CommandError => {
  const { url } = server
  const { hostname, protocol } = new URL(url)
  const isHere = protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(hostname)
  return new CommandError({
    exit: "UNAVAILABLE",
    code: "SERVER_UNREACHABLE",
    message: `No server answers at ${url}: ${why}.`,
    suggestion: isHere
      ? `Start one with: waybill serve --addr ${shellWord(addressOf(server))}`
      : "Check the address, and whether the server runs.",
    cause,
  })
}

/** No request goes to a port that the web keeps for something else, whoever listens there. */
const notAsked = ({ url }: ServerPlace, cause: unknown): CommandError =>
  new CommandError({
    exit: "ARG_ERROR",
    code: "SERVER_ADDRESS_REFUSED",
    message: `--server ${url}: its port is one that is kept for another protocol, and that no HTTP request is sent to.`,
    fix_required: "Have the server listen on another port, such as with: waybill serve --addr 127.0.0.1:8765",
    cause,
  })

/** The failure of a request that no server took, when it is that. */
export const unreachable = (thrown: unknown, server: ServerPlace): CommandError | undefined => {
  const codes = codesOf(thrown)
  // Without a code it may be fetch itself that would not ask, for a port that is no web server's; or an answer that is no HTTP.
  const cause = thrown instanceof TypeError && codes.length === 0 ? thrown.cause : undefined
  const isNever = cause instanceof Error && cause.message === "bad port"
  if (isNever) return notAsked(server, thrown)
  const code = codes.find((each) => before_sending.has(each))
  return code === undefined ? undefined : nobodyThere(server, code, thrown)
}

/** What talks there is no JobSpec server, or lacks a route that is needed. */
export const strange = ({ url }: ServerPlace, what: string): CommandError =>
  new CommandError({
    exit: "PRECONDITION",
    code: "SERVER_UNSUITABLE",
    message: `The server at ${url} ${what}.`,
    suggestion: "Ask a server that was started with: waybill serve",
  })

const tokenCommand = (token_file: string): string => `waybill token --token-file ${shellWord(token_file)}`

/** The name that the server quoted, as a word of a shell. */
const typeWord = (quoted: string): string => {
  try {
    return shellWord(String(JSON.parse(quoted)))
  } catch {
    return "TYPE"
  }
}

/** A refusal that the server sent. */
export const refusedBy = (
  server: ServerPlace,
  status: number,
  said: string,
  name: string | undefined,
): CommandError => {
  const message = `The server at ${server.url} refused: ${said === "" ? `status ${status}` : said}.`
  if (status === 401 || status === 403)
    return new CommandError({
      exit: "PERMISSION_DENIED",
      code: "TOKEN_REFUSED",
      message,
      fix_required: `Use a token that this server takes; see what yours may do with: ${tokenCommand(server.token_file)}`,
    })
  if (status === 404)
    return new CommandError({ exit: "NOT_FOUND", code: "SERVER_HAS_NONE", message, fix_required: "Check the name." })
  if (status >= 500)
    return new CommandError({
      exit: "UNAVAILABLE",
      code: "SERVER_FAILED",
      message,
      suggestion: "Try again; the server's log says why.",
    })
  const invalidType = /^invalid job type (?<type>".*")/su.exec(said)?.groups?.["type"]
  if (invalidType !== undefined)
    return new CommandError({
      exit: "PRECONDITION",
      code: "INVALID_JOB_TYPE",
      message,
      fix_required: `Start the server with one flag more than before: --job-type ${typeWord(invalidType)}. Without other flags that is: waybill serve --job-type ${typeWord(invalidType)} --addr ${shellWord(addressOf(server))}`,
    })
  return new CommandError({
    exit: "PRECONDITION",
    code: name === undefined ? "SERVER_REFUSED" : codeOf(name),
    message,
    fix_required: "Ask for something that the server takes.",
  })
}

/** `InvalidPayload` as `INVALID_PAYLOAD`: the same mistake has the same code here and there. */
const codeOf = (name: string): string => name.replaceAll(/([a-z0-9])([A-Z])/gu, "$1_$2").toUpperCase()

/** No token for a change. */
export const noToken = (server: ServerPlace, why: string): CommandError =>
  new CommandError({
    exit: "AUTH_REQUIRED",
    code: "TOKEN_NEEDED",
    message: `The server at ${server.url} wants a token, and there is none: ${why}.`,
    fix_required: /mode is too permissive/u.test(why)
      ? `Make the file readable by its owner alone: chmod 600 ${shellWord(server.token_file)}`
      : "Name the server's token file with --token-file, or with WAYBILL_TOKEN_FILE.",
  })

/** The answer to a change was lost: it may have been made. */
export const lostAnswer = (server: ServerPlace, again: string, cause: unknown): CommandError =>
  new CommandError({
    exit: "GENERAL_ERROR",
    code: "ANSWER_LOST",
    message: `The connection to ${server.url} broke before the answer came; what was asked may have been done.`,
    fix_required: again,
    cause,
  })
