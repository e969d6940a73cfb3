/**
 * The address of a database, and what of it may be shown.
 *
 * An address that does not say what its writer meant is refused before anybody is connected to: a password with a `/`, `?` or `#`
 * that is not escaped makes a host of the user's name and a port or a database of the password, and a parameter that is not
 * understood may have been meant to ask for encryption.
 *
 * @module
 */
import { portOf, readParameters, several_hosts, type Target } from "./addressParameters.ts"

export interface Address {
  /** For messages: host, port and database. */
  readonly where: string
  /** Texts that must never be shown: the password as it is and as it stands in the address. */
  readonly secrets: ReadonlyArray<string>
  /** Where to connect to; or why nobody is connected to, which holds nothing of the address but names of parameters. */
  readonly target: Target | { readonly refusal: string }
}

/** Without a password's place: whoever hides credentials would hide the middle of the example. */
const form = "postgresql://host:port/database, with user:password and an @ before the host"

const refuse = (refusal: string): Address => ({ where: "PostgreSQL", secrets: [], target: { refusal } })

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** The hosts of an address, between the last `@` and the first `/`. */
const namesSeveralHosts = (text: string): boolean => {
  const authority = /^[a-z]+:\/\/(?<authority>[^/?#]*)/u.exec(text)?.groups?.["authority"] ?? ""
  return authority.slice(authority.lastIndexOf("@") + 1).includes(",")
}

/** A socket of this machine is never encrypted, and a network, without a word about it, where the server can. */
const encryptionOf = (host: string, asked: Target["encryption"] | undefined): Target["encryption"] =>
  host.startsWith("/") ? "never" : (asked ?? "if offered")

/** Reads an address as libpq does, as far as it is understood. */
export const readAddress = (text: string): Address => {
  if (/^postgres(?:ql)?:\/\//u.test(text) && namesSeveralHosts(text)) return refuse(`its URL ${several_hosts}`)
  if (!URL.canParse(text))
    return refuse(`its URL is none; write it as ${form}, and %2F for / and so on in the password`)
  const { hash, hostname, password, pathname, port, protocol, search, username } = new URL(text)
  if (protocol !== "postgresql:" && protocol !== "postgres:")
    return refuse(`its URL is of no PostgreSQL; write it as ${form}`)
  if (hash !== "" || /[/@]/u.test(pathname.slice(1)))
    return refuse("its URL holds #, or / or @ in the database's name: escape them, in the password too: %23, %2F, %40")
  if (port !== "" && portOf(port) === undefined) return refuse("the port of its URL must be a number from 1 to 65535")
  const parameters = readParameters(search)
  if (typeof parameters === "string") return refuse(parameters)
  const [ownHost, ownName, ownUser, ownPassword] = [hostname, pathname.slice(1), username, password].map(decoded)
  if (ownHost === undefined || ownName === undefined || ownUser === undefined || ownPassword === undefined)
    return refuse("its URL holds a % that is not escaped: write %25")
  if (parameters.host?.includes(",") === true) return refuse(`its URL ${several_hosts}`)

  const host = parameters.host ?? (ownHost === "" ? "localhost" : ownHost.replace(/^\[(?<v6>.*)\]$/u, "$<v6>"))
  const database = parameters.database ?? (ownName === "" ? undefined : ownName)
  const user = parameters.user ?? (ownUser === "" ? undefined : ownUser)
  const secret = parameters.password ?? (ownPassword === "" ? undefined : ownPassword)
  const target: Target = {
    needs_checked: [],
    ...parameters,
    encryption: encryptionOf(host, parameters.encryption),
    host,
    port: parameters.port ?? portOf(port) ?? 5432,
    ...(database === undefined ? {} : { database }),
    ...(user === undefined ? {} : { user }),
    ...(secret === undefined ? {} : { password: secret }),
  }
  const shownHost = host.includes(":") ? `[${host}]` : host
  const where = `PostgreSQL at ${shownHost}:${target.port}${database === undefined ? "" : `/${database}`}`
  const secrets = [ownPassword, password, secret ?? "", encodeURIComponent(secret ?? "")].filter((each) => each !== "")
  const [needing] = target.needs_checked
  if (needing !== undefined && target.encryption !== "checked")
    return {
      where,
      secrets,
      target: { refusal: `the parameter ${needing} of its URL is worth nothing without sslmode=verify-full: add it` },
    }
  return { where, secrets, target }
}
