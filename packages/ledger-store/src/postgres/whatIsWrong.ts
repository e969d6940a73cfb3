/**
 * What keeps one out of a database, what that means for who asked, and what to do about it.
 *
 * @module
 */
import type { DatabaseFailure } from "./Database.ts"

export interface Wrong {
  readonly failure: DatabaseFailure
  /** What to do, where more can be said than what is wrong. */
  readonly advice?: string
  /** What is wrong, where what was thrown says it badly. */
  readonly reason?: string
}

/** A failure as it was thrown: by the server with an SQLSTATE, or by this machine with a code of its own. */
export interface Thrown {
  readonly code: string | undefined
  readonly message: string
  /** Whether it was while connecting. */
  readonly isConnecting: boolean
}

const states: ReadonlyArray<readonly [codes: RegExp, wrong: Wrong]> = [
  [
    /^28P01$/u,
    {
      failure: "denied",
      advice:
        "check the user and the password in the URL; in them / is written %2F, @ %40, : %3A, ? %3F, # %23 and % %25",
    },
  ],
  [/^28...$/u, { failure: "denied", advice: "check the user in the URL, and what the server's pg_hba.conf lets in" }],
  [/^3D000$/u, { failure: "denied", advice: "check the database's name in the URL, or make it with: createdb NAME" }],
  [
    /^42501$/u,
    { failure: "denied", advice: "grant the role what the page on the PostgreSQL ledger lists, or name another role" },
  ],
  [/^42P0[67]$/u, { failure: "denied", advice: "the schema is not a ledger's: name another one" }],
  [/^(3F000|42P01)$/u, { failure: "denied", advice: "the ledger's tables are gone: put them back from a backup" }],
  [/^25006$/u, { failure: "denied", advice: "this server only reads: name the primary" }],
  [/^53300$/u, { failure: "cut", advice: "raise max_connections, or let fewer processes connect" }],
  [/^57P03$/u, { failure: "cut", advice: "it is starting or stopping: ask again in a moment" }],
  // Connections lost or refused for now; a server that shuts down or crashed.
  [/^(08...|57P0[1-5]|25P0[34])$/u, { failure: "cut" }],
  [/^(40...|57014)$/u, { failure: "rolled_back" }],
  [/^55P03$/u, { failure: "locked" }],
  [/^23505$/u, { failure: "duplicate" }],
  [/^53100$/u, { failure: "full" }],
  // Not let in, not there, or not what is expected.
  [/^(3D...|3F...|42...|0A000)$/u, { failure: "denied" }],
]

const host_advice = "check the host in the URL"
const port_advice = "check the host and the port in the URL, and that the server is running"
const trust_advice =
  "name the file of the authority that signed it with sslrootcert=…, or encrypt without a check with sslmode=prefer"

const locals: Readonly<Record<string, Wrong>> = {
  ECONNREFUSED: { failure: "cut", reason: "nobody listens there", advice: port_advice },
  ENOTFOUND: { failure: "cut", reason: "no host has this name", advice: host_advice },
  EAI_AGAIN: { failure: "cut", reason: "the host's name could not be looked up", advice: host_advice },
  ETIMEDOUT: { failure: "cut", reason: "nobody answered", advice: `${port_advice} and lets this machine through` },
  EHOSTUNREACH: { failure: "cut", reason: "no way leads to this host", advice: host_advice },
  ENETUNREACH: { failure: "cut", reason: "no way leads to this host's network", advice: host_advice },
  // A socket of this machine.
  ENOENT: { failure: "cut", reason: "there is no such socket", advice: port_advice },
  EACCES: { failure: "denied", reason: "this user may not use the socket" },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    failure: "denied",
    reason: "the server's certificate is for another host",
    advice: "name the host as its certificate does",
  },
  CERT_HAS_EXPIRED: {
    failure: "denied",
    reason: "the server's certificate has expired",
    advice: "have it renewed there, and check this machine's clock",
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    failure: "denied",
    reason: "the server's certificate is signed by nobody but itself",
    advice: trust_advice,
  },
}

const untrusted = /^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(GET|VERIFY|DECODE)_\w+|CERT_\w+|ERR_TLS_\w+)$/u
const handshake = /^(ERR_SSL_\w+|EPROTO)$/u

const advised: ReadonlyArray<readonly [said: RegExp, wrong: Wrong]> = [
  [
    /refused TLS/u,
    {
      failure: "denied",
      reason: "the server does not encrypt, and the URL asks for it",
      advice: "switch TLS on there, or send in plain text with sslmode=disable",
    },
  ],
  [
    /Connection timed out/u,
    {
      failure: "cut",
      reason: "the server did not answer in time",
      advice: `${port_advice} and lets this machine through`,
    },
  ],
  [/No password configured/u, { failure: "denied", reason: "the server asks for a password, and the URL has none" }],
  [/No username configured/u, { failure: "denied", reason: "the URL names no user" }],
  [
    /SCRAM-SHA-256 is supported|Unsupported authentication/u,
    {
      failure: "denied",
      reason: "the server asks for a way to prove who one is that is not known here",
      advice: "have it ask for scram-sha-256",
    },
  ],
  // Whoever answers does not know the password, and may be somebody else.
  [/SCRAM/u, { failure: "denied", reason: "the server could not prove that it knows the password" }],
]

/** Whether a certificate is why the connection was not made. */
export const isUntrusted = ({ code = "" }: Thrown): boolean =>
  untrusted.test(code) || code === "DEPTH_ZERO_SELF_SIGNED_CERT"

export const whatIsWrong = (thrown: Thrown): Wrong | undefined => {
  const { code = "", isConnecting, message } = thrown
  if (/^[0-9A-Z]{5}$/u.test(code)) {
    // Said in words of the server's, which may be of any language but for this.
    if (/no encryption|SSL off/u.test(message) && code === "28000")
      return {
        failure: "denied",
        advice: "the server takes encrypted connections only: add sslmode=require to the URL",
      }
    const byState = states.find(([codes]) => codes.test(code))?.[1]
    if (byState !== undefined) return byState
  }
  if (!isConnecting) return undefined
  const local = Object.hasOwn(locals, code) ? locals[code] : undefined
  if (local !== undefined) return local
  if (isUntrusted(thrown))
    return { failure: "denied", reason: "the server's certificate is not trusted", advice: trust_advice }
  if (handshake.test(code)) return { failure: "denied", reason: "the server and we found no common way to encrypt" }
  return advised.find(([said]) => said.test(message))?.[1]
}
