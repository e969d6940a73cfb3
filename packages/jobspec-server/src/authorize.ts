/**
 * Whether a request may change something (JobSpec v0 §6).
 *
 * @module
 */
import { type Capability, type Credential, findCredential } from "./Credentials.ts"
import { header, type Headers } from "./Http.ts"

/** What the decision is made on. */
export interface Asked {
  readonly headers: Headers
  /** The peer's address as the socket tells it. */
  readonly remote: string | undefined
  /** Any of these opens the route; `undefined`: the path is not one that changes anything. */
  readonly capabilities: ReadonlyArray<Capability> | undefined
}

const isLoopbackIPv4 = (address: string): boolean => /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/u.test(address)

/** Whether an address is this machine's own: 127.0.0.0/8, `::1`, and the former as IPv6. */
export const isLoopback = (address: string | undefined): boolean =>
  address === "127.0.0.1" ||
  (address !== undefined && (address === "::1" || isLoopbackIPv4(address.replace(/^::ffff:/iu, ""))))

const presentedToken = (headers: Headers): string | undefined => {
  const own = header(headers, "x-agentops-daemon-token")?.trim() ?? ""
  if (own !== "") return own
  const authorization = header(headers, "authorization")?.trim() ?? ""
  const token = authorization.startsWith("Bearer ") ? authorization.slice("Bearer ".length).trim() : ""
  return token === "" ? undefined : token
}

/**
 * Decides in the order of the contract.
 *
 * @param origins browser origins that are trusted; none by default
 * @returns the credential that the request was made with, or the reason of the refusal
 */
export const authorize = (
  credentials: ReadonlyArray<Credential>,
  origins: ReadonlyArray<string>,
  { capabilities, headers, remote }: Asked,
): Credential | string => {
  if (credentials.length === 0) return "mutation token not configured"
  if (capabilities === undefined) return "path outside mutation scope"
  if (!isLoopback(remote)) return "remote address is not local"
  const origin = header(headers, "origin") ?? ""
  if (origin !== "" && !origins.includes(origin)) return "browser origin is not trusted"
  if (header(headers, "sec-fetch-site")?.trim().toLowerCase() === "cross-site")
    return "browser fetch site is not trusted"
  const credential = findCredential(credentials, presentedToken(headers))
  if (credential === undefined) return "mutation token mismatch"
  if (credential.local_only && !isLoopback(remote)) return "token requires local remote"
  const has = credential.capabilities
  return has.has("admin") || capabilities.some((each) => has.has(each))
    ? credential
    : "token capability outside mutation scope"
}

/**
 * Whether the `Host` of a request is this server: a loopback name or address, or one that it was told to answer to. A page
 * on the web can have its own name lead here, and then read what only this machine may.
 */
export const isTrustedHost = (host: string | undefined, more: ReadonlyArray<string>): boolean => {
  if (host === undefined) return false
  if (host === "localhost") return true
  const name = host
    .replace(/:\d*$/u, "")
    .replace(/^\[(.*)\]$/u, "$1")
    .toLowerCase()
  return name === "localhost" || name.endsWith(".localhost") || isLoopback(name) || more.includes(name)
}
