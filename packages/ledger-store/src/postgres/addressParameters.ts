/**
 * What stands behind the `?` of a database's address: libpq's parameters, each honoured or refused, none passed over. What a
 * refusal says holds nothing of the value, which may be a part of a password.
 *
 * @module
 */

/**
 * - `never`: plain text
 * - `if offered`: encrypted where the server can, whoever it is; against who only listens
 * - `checked`: encrypted, and the certificate and the host's name in it hold
 */
export type Encryption = "never" | "if offered" | "checked"

/** Where and as whom one connects, as far as the address says. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly user?: string
  readonly password?: string
  readonly database?: string
  readonly encryption: Encryption
  /** A PEM file of the authorities that are trusted, instead of those the system trusts. */
  readonly ca_file?: string
  /** Our own certificate and its key. */
  readonly certificate_file?: string
  readonly key_file?: string
  readonly tls_version_min?: "TLSv1.3"
  readonly application_name?: string
  readonly options?: string
  readonly connect_wait_ms?: number
  /** What the server must be, where that matters to whoever wrote the address. */
  readonly role?: "primary" | "standby"
  /** The parameters that are worth nothing without `checked`. */
  readonly needs_checked: ReadonlyArray<string>
}

type Meaning = Partial<Target>
/** What a value means, or why it is refused: a text that goes on from the parameter's name. */
type Read = (value: string) => Meaning | string

const nothing: Meaning = {}

/** Values that ask for nothing but what is done anyway. */
const only =
  (values: ReadonlyArray<string>, why = `must be ${values.join(" or ")}`): Read =>
  (value) =>
    values.includes(value) ? nothing : why

const among =
  (meanings: Readonly<Record<string, Meaning>>): Read =>
  (value) =>
    (Object.hasOwn(meanings, value) ? meanings[value] : undefined) ??
    `must be one of ${Object.keys(meanings).join(", ")}`

const filled =
  (read: (value: string) => Meaning): Read =>
  (value) =>
    value === "" ? "is empty" : read(value)

const checked = { encryption: "checked" } as const
const if_offered = { encryption: "if offered" } as const

export const portOf = (text: string): number | undefined =>
  /^\d{1,5}$/u.test(text) && Number(text) > 0 && Number(text) < 65_536 ? Number(text) : undefined

export const several_hosts =
  "names several hosts, and a ledger is on one: name the primary, or the name that always leads to it"

const known: Readonly<Record<string, Read>> = {
  host: filled((host) => ({ host })),
  port: (value) => {
    const port = portOf(value)
    return port === undefined ? "must be a number from 1 to 65535" : { port }
  },
  user: filled((user) => ({ user })),
  password: (password) => ({ password }),
  dbname: filled((database) => ({ database })),
  sslmode: among({
    disable: { encryption: "never" },
    allow: if_offered,
    prefer: if_offered,
    require: checked,
    "verify-ca": checked,
    "verify-full": checked,
  }),
  // How drivers of other languages write `sslmode=require`.
  ssl: (value) => (value === "true" || value === "1" ? checked : "must be true; for anything else say it by sslmode"),
  sslrootcert: filled((ca_file) => (ca_file === "system" ? nothing : { ca_file })),
  sslcert: filled((certificate_file) => ({ certificate_file })),
  sslkey: filled((key_file) => ({ key_file })),
  ssl_min_protocol_version: among({
    // Nothing below is ever spoken.
    TLSv1: nothing,
    "TLSv1.1": nothing,
    "TLSv1.2": nothing,
    "TLSv1.3": { tls_version_min: "TLSv1.3" },
  }),
  sslnegotiation: only(["postgres"]),
  sslcompression: only(["0"]),
  sslsni: only(["1"]),
  gssencmode: only(["disable", "prefer"], "must be disable or prefer: there is no encryption by GSSAPI here; use TLS"),
  channel_binding: only(["disable", "prefer", "require"], "must be disable, prefer or require"),
  target_session_attrs: among({
    any: nothing,
    "prefer-standby": nothing,
    "read-write": { role: "primary" },
    primary: { role: "primary" },
    standby: { role: "standby" },
  }),
  load_balance_hosts: only(["disable", "random"]),
  application_name: (application_name) => ({ application_name }),
  fallback_application_name: () => nothing,
  client_encoding: only(["UTF8", "UTF-8", "utf8", "utf-8", "auto"], "must be UTF8"),
  keepalives: only(["1"], "must be 1: a server that is gone is noticed by it"),
  connect_timeout: (value) => {
    if (!/^\d{1,6}$/u.test(value)) return "must be whole seconds"
    return Number(value) === 0 ? nothing : { connect_wait_ms: Number(value) * 1_000 }
  },
  options: (options) => ({ options }),
}

/** Parameters of other programs that are met in addresses, and what to do instead. */
const foreign: Readonly<Record<string, string>> = {
  pgbouncer:
    "is of a pooler that takes sessions apart, and a ledger needs one: take the direct address, or session mode",
  schema: "is no parameter of an address: name the ledger's schema beside it (--ledger-schema)",
  currentSchema: "is no parameter of an address: name the ledger's schema beside it (--ledger-schema)",
}

/** Only worth something when it is known who is at the other end. */
const needing_checked: ReadonlySet<string> = new Set(["sslrootcert", "sslcert", "sslkey", "ssl_min_protocol_version"])

const refusalOf = (name: string, why: string): string => `the parameter ${name} of its URL ${why}`

const unknown = (names: ReadonlyArray<string>): string => {
  const shown = names.map((name) => (/^[a-zA-Z_]{1,32}$/u.test(name) ? name : "one that is no name"))
  return `its URL has parameters that are not understood: ${shown.join(", ")}; these are: ${Object.keys(known).join(", ")}. Where the password holds ?, write %3F`
}

const decoded = (text: string): string | undefined => {
  try {
    // Unlike in a form, + is a plus.
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Reads what stands behind the `?`; a text says why it is refused. */
export const readParameters = (search: string): Meaning | string => {
  const pairs = new Map<string, string>()
  for (const part of search.replace(/^\?/u, "").split("&")) {
    if (part === "") continue
    const at = part.indexOf("=")
    const name = decoded(at < 0 ? part : part.slice(0, at))
    const value = decoded(at < 0 ? "" : part.slice(at + 1))
    if (name === undefined || value === undefined) return "its URL holds a % that is not escaped: write %25"
    if (Object.hasOwn(foreign, name)) return refusalOf(name, foreign[name] ?? "")
    const before = pairs.get(name)
    if (before !== undefined && before !== value && Object.hasOwn(known, name))
      return refusalOf(name, "is there twice, and says different things")
    pairs.set(name, value)
  }
  const strange = [...pairs.keys()].filter((name) => !Object.hasOwn(known, name))
  if (strange.length > 0) return unknown(strange)

  let target: Meaning = {}
  for (const [name, value] of pairs) {
    const meaning = known[name]?.(value) ?? nothing
    if (typeof meaning === "string") return refusalOf(name, meaning)
    if ("encryption" in meaning && target.encryption !== undefined && target.encryption !== meaning.encryption)
      return refusalOf(name, "contradicts another one about encryption")
    target = { ...target, ...meaning }
  }
  const fallback = pairs.get("fallback_application_name")
  if (fallback !== undefined) target = { application_name: fallback, ...target }
  if ((target.certificate_file === undefined) !== (target.key_file === undefined))
    return "the parameters sslcert and sslkey of its URL belong together: give both"
  const needs_checked = [...pairs.keys()].filter((name) => needing_checked.has(name))
  if (pairs.get("channel_binding") === "require") needs_checked.push("channel_binding=require")
  return { ...target, needs_checked }
}
