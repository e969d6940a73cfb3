/**
 * The token file of a root: where it is, who is in it, and new ones. The tokens themselves are told to whoever asks for
 * them in so many words.
 *
 * @module
 */
import { CommandError } from "@waybill/command"
import { type Credential, makeTokenFile, newToken, readTokenFile, rotateToken } from "@waybill/jobspec-server"
import { Result } from "effect"
import { statSync } from "node:fs"
import { unlessForbidden } from "../notPermitted.ts"
import { commandLine, type Place } from "../Place.ts"

export interface ShownToken {
  readonly name: string
  readonly capabilities: ReadonlyArray<string>
  readonly local_only: boolean
  readonly token?: string
}

export interface ShownTokens {
  readonly token_file: string
  readonly tokens: ReadonlyArray<ShownToken>
}

const shown = (credentials: ReadonlyArray<Credential>, reveal: boolean): ReadonlyArray<ShownToken> =>
  credentials.map(({ capabilities, local_only, name, token }) => ({
    name,
    capabilities: [...capabilities],
    local_only,
    ...(reveal ? { token } : {}),
  }))

const missing = (token_file: string, place: Place) =>
  new CommandError({
    exit: "NOT_FOUND",
    code: "TOKEN_FILE_MISSING",
    message: `There is no token file ${token_file}.`,
    suggestion: `Make one with: ${commandLine(place, "token", "make", "--token-file", token_file)}`,
  })

/** A file that may not be looked at is there, or nobody knows. */
const refuseMissing = (token_file: string, place: Place): Promise<void> =>
  unlessForbidden(async () => {
    if (statSync(token_file, { throwIfNoEntry: false }) === undefined) throw missing(token_file, place)
  })

const read = async (token_file: string, reveal: boolean): Promise<ShownTokens> => {
  const credentials = await readTokenFile(token_file)
  if (Result.isFailure(credentials)) throw credentials.failure
  return { token_file, tokens: shown(credentials.success, reveal) }
}

export const showTokens = async (token_file: string, reveal: boolean, place: Place): Promise<ShownTokens> => {
  await refuseMissing(token_file, place)
  return read(token_file, reveal)
}

export const makeTokens = async (token_file: string, reveal: boolean) => {
  const isMade = await unlessForbidden(() => makeTokenFile(token_file, newToken()))
  return { ...(await read(token_file, reveal)), effect: isMade ? "created" : "noop" }
}

export const rotateTokens = async (token_file: string, name: string | undefined, reveal: boolean, place: Place) => {
  await refuseMissing(token_file, place)
  const rotated = await unlessForbidden(() => rotateToken(token_file, name))
  if (Result.isSuccess(rotated)) return { token_file, tokens: shown(rotated.success, reveal), effect: "updated" }
  if (rotated.failure !== undefined) throw rotated.failure
  const { tokens } = await read(token_file, false)
  const names = tokens.map((each) => JSON.stringify(each.name)).join(", ")
  throw new CommandError({
    exit: "NOT_FOUND",
    code: "TOKEN_NOT_FOUND",
    message:
      name === undefined ? `The file holds several tokens: ${names}.` : `No token is named ${JSON.stringify(name)}.`,
    fix_required: `Say which with --name: one of ${names}.`,
  })
}
