/**
 * The address of a database, and what of it may be shown.
 *
 * An address that does not say what its writer meant is refused before anybody is connected to: a password with a `/`, `?` or `#`
 * that is not escaped makes a host of the user's name and a port or a database of the password, and a parameter that is not
 * understood may have been meant to ask for encryption.
 *
 * @module
 */

const parameters: ReadonlySet<string> = new Set(
  "host port user password dbname sslmode connect_timeout application_name options".split(" "),
)

export interface Address {
  /** For messages: host, port and database. */
  readonly where: string
  /** Texts that must never be shown: the password as it is and as it stands in the address. */
  readonly secrets: ReadonlyArray<string>
  /** Why nobody is connected to. Holds nothing of the address but names of parameters. */
  readonly refusal?: string
}

const form = "postgresql://user:password@host:port/database"

const refuse = (refusal: string): Address => ({ where: "PostgreSQL", secrets: [], refusal })

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Reads an address as libpq does, as far as it is understood. */
export const readAddress = (text: string): Address => {
  if (!URL.canParse(text))
    return refuse(`its URL is none; write it as ${form}, with %2F for / and so on in the password`)
  const { hash, hostname, password, pathname, port, protocol, searchParams } = new URL(text)
  if (protocol !== "postgresql:" && protocol !== "postgres:")
    return refuse(`its URL is of no PostgreSQL; write it as ${form}`)
  if (hash !== "" || /[/@]/u.test(pathname.slice(1)))
    return refuse("its URL holds #, or / or @ in the database's name: escape them, in the password too: %23, %2F, %40")
  const unknown = [...new Set(searchParams.keys())].filter((name) => !parameters.has(name))
  if (unknown.length > 0) {
    const names = unknown.map((name) => (/^[a-z_]{1,32}$/u.test(name) ? name : "one that is no name"))
    return refuse(
      `its URL has parameters that are not understood: ${names.join(", ")}; these are: ${[...parameters].join(", ")}. Where the password holds ?, write %3F`,
    )
  }
  const host = searchParams.get("host") ?? (hostname === "" ? "localhost" : hostname)
  const name = searchParams.get("dbname") ?? decoded(pathname.slice(1)) ?? ""
  return {
    where: `PostgreSQL at ${host}:${searchParams.get("port") ?? (port === "" ? "5432" : port)}${name === "" ? "" : `/${name}`}`,
    secrets: [password, searchParams.get("password") ?? ""]
      .flatMap((secret) => [secret, decoded(secret) ?? ""])
      .filter((secret) => secret !== ""),
  }
}
