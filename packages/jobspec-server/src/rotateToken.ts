/**
 * A token file with a new token in the place of an old one.
 *
 * @module
 */
import { Result } from "effect"
import { randomBytes } from "node:crypto"
import { readFile, realpath } from "node:fs/promises"
import { type BadTokenFile, type Credential, readTokenText } from "./Credentials.ts"
import { readTokenFile } from "./tokenFile.ts"
import { replaceFile } from "./wholeFile.ts"

/** A token that nobody can guess: 64 hexadecimal digits. */
export const newToken = (): string => randomBytes(32).toString("hex")

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The text with another token for the credential at this place. What else stands there stays. */
const withToken = (text: string, index: number, token: string): string => {
  if (!text.trim().startsWith("{")) return `${token}\n`
  const value: unknown = JSON.parse(text)
  const tokens: unknown = isObject(value) ? value["tokens"] : undefined
  const renewed = (Array.isArray(tokens) ? tokens : []).map((each: unknown, at) =>
    at === index && isObject(each) ? { ...each, token } : each,
  )
  return `${JSON.stringify({ ...(isObject(value) ? value : {}), tokens: renewed }, undefined, 2)}\n`
}

/**
 * Gives one credential of a file a new token. A server that reads the file takes it within a second; the old token counts
 * no more.
 *
 * @param name whose; may be left out where the file holds one
 * @returns the credentials as they are now; fails with `BadTokenFile` where the file cannot be used, and with `undefined`
 *   where nobody has that name, or where several are there and none is named
 */
export const rotateToken = async (
  path: string,
  name: string | undefined,
): Promise<Result.Result<ReadonlyArray<Credential>, BadTokenFile | undefined>> => {
  const read = await readTokenFile(path)
  if (Result.isFailure(read)) return Result.fail(read.failure)
  const found = name === undefined ? 0 : read.success.findIndex((each) => each.name === name)
  if (found < 0 || (name === undefined && read.success.length > 1)) return Result.fail(undefined)
  const text = withToken(await readFile(path, "utf8"), found, newToken())
  const after = readTokenText(text)
  if (Result.isFailure(after)) return after
  // Links are followed.
  await replaceFile(await realpath(path), text)
  return after
}
