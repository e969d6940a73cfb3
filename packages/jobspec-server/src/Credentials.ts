/**
 * Tokens, and what each may do (JobSpec v0 §6.3, §6.5).
 *
 * @module
 */
import { Data, Result } from "effect"
import { timingSafeEqual } from "node:crypto"

/** `work` is ours: it opens the worker routes. `admin` opens everything. */
export const capabilities = [
  "submit_job",
  "cancel_job",
  "openclaw_trigger",
  "consumer_trigger",
  "work",
  "admin",
] as const
export type Capability = (typeof capabilities)[number]

export interface Credential {
  /** What stands in the actor of the facts that were asked for with it. */
  readonly name: string
  readonly token: string
  readonly capabilities: ReadonlySet<Capability>
  readonly local_only: boolean
}

/** The token file cannot be used. The text is the contract's and never holds a token. */
export class BadTokenFile extends Data.TaggedError("BadTokenFile")<{ readonly reason: string }> {
  override get message(): string {
    return this.reason
  }
}

const bad = (reason: string) => Result.fail(new BadTokenFile({ reason }))

const missing = "daemon mutation token is missing"

/** One token that may do everything, as the contract names it. */
export const legacyCredential = (token: string): Credential => ({
  name: "legacy",
  token,
  capabilities: new Set(capabilities),
  local_only: true,
})

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isCapability = (text: unknown): text is Capability => (capabilities as ReadonlyArray<unknown>).includes(text)

const readScoped = (value: unknown, index: number): Result.Result<Credential, BadTokenFile> => {
  if (!isObject(value)) return bad(`parse scoped mutation token file: token ${index + 1} is not an object`)
  const { name, token } = value
  const title = typeof name === "string" && name.trim() !== "" ? name.trim() : `token-${index + 1}`
  if (typeof token !== "string" || token.trim() === "") return bad(missing)
  const given = value["capabilities"]
  if (!Array.isArray(given) || given.length === 0)
    return bad(`mutation token ${JSON.stringify(title)} has no capabilities`)
  const unknown: unknown = given.find((each) => !isCapability(each))
  if (unknown !== undefined)
    return bad(`mutation token ${JSON.stringify(title)} has unsupported capability ${JSON.stringify(unknown)}`)
  return Result.succeed({
    name: title,
    token: token.trim(),
    capabilities: new Set(given as ReadonlyArray<Capability>),
    local_only: value["local_only"] === true,
  })
}

/**
 * Reads the text of a token file: one token, or `{"tokens": [{"name", "token", "capabilities", "local_only"}]}`.
 *
 * @returns the credentials in the order of the file; of two equal tokens the first decides
 */
export const readTokenText = (text: string): Result.Result<ReadonlyArray<Credential>, BadTokenFile> => {
  const trimmed = text.trim()
  if (trimmed === "") return bad(missing)
  if (!trimmed.startsWith("{")) return Result.succeed([legacyCredential(trimmed)])
  let value: unknown
  try {
    value = JSON.parse(trimmed)
  } catch {
    // What the parser says may quote the text, and the text holds tokens.
    return bad("parse scoped mutation token file: it is not valid JSON")
  }
  const tokens = isObject(value) ? value["tokens"] : undefined
  if (!Array.isArray(tokens)) return bad('parse scoped mutation token file: "tokens" must be a list')
  if (tokens.length === 0) return bad(missing)
  return Result.all(tokens.map(readScoped))
}

const known_bytes = new WeakMap<Credential, Buffer>()
const bytesOfToken = (credential: Credential): Buffer => {
  const known = known_bytes.get(credential) ?? Buffer.from(credential.token)
  known_bytes.set(credential, known)
  return known
}

/** The credential with this token. The time it takes tells nothing of a token but how long it is. */
export const findCredential = (
  credentials: ReadonlyArray<Credential>,
  presented: string | undefined,
): Credential | undefined => {
  const given = Buffer.from(presented ?? "")
  let found: Credential | undefined
  // All of them are looked at, also after one was found.
  for (const credential of credentials) {
    const token = bytesOfToken(credential)
    if (token.length === given.length && timingSafeEqual(token, given)) found ??= credential
  }
  return presented === undefined ? undefined : found
}
