/** What the addresses mean that people paste: each parameter of libpq's is honoured or refused, and a password is in no text. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { readAddress } from "../src/postgres/address.ts"

const targetOf = (url: string) => readAddress(url).target

const local = { host: "db.example", port: 5432, user: "ada", password: "s3cret", database: "work" }
const at = (query: string) => `postgresql://ada:s3cret@db.example/work${query}`

describe("is connected to as it says:", () => {
  const taken: ReadonlyArray<readonly [url: string, target: Readonly<Record<string, unknown>>]> = [
    [at(""), { ...local, encryption: "if offered" }],
    // As hosted providers print them.
    [at("?sslmode=require"), { ...local, encryption: "checked" }],
    [at("?sslmode=require&channel_binding=require"), { ...local, encryption: "checked" }],
    [at("?channel_binding=prefer&sslmode=verify-full"), { ...local, encryption: "checked" }],
    [at("?ssl=true"), { ...local, encryption: "checked" }],
    [at("?sslmode=verify-ca&sslrootcert=/etc/ca.pem"), { encryption: "checked", ca_file: "/etc/ca.pem" }],
    [at("?sslmode=verify-full&sslrootcert=system"), { encryption: "checked" }],
    [
      at("?sslmode=verify-full&sslcert=me.pem&sslkey=me.key&ssl_min_protocol_version=TLSv1.3"),
      { encryption: "checked", certificate_file: "me.pem", key_file: "me.key", tls_version_min: "TLSv1.3" },
    ],
    [at("?sslmode=disable"), { encryption: "never" }],
    [at("?sslmode=prefer&channel_binding=disable"), { encryption: "if offered" }],
    [at("?sslmode=allow"), { encryption: "if offered" }],
    [at("?application_name=nightly&connect_timeout=7"), { application_name: "nightly", connect_wait_ms: 7_000 }],
    [at("?fallback_application_name=psql"), { application_name: "psql" }],
    [at("?fallback_application_name=psql&application_name=mine"), { application_name: "mine" }],
    [at("?connect_timeout=0&keepalives=1&client_encoding=UTF8&gssencmode=disable&load_balance_hosts=disable"), local],
    [at("?options=-c%20search_path%3Dx+y"), { options: "-c search_path=x+y" }],
    [at("?options=endpoint%3Dep-1"), { options: "endpoint=ep-1" }],
    [at("?target_session_attrs=read-write"), { role: "primary" }],
    [at("?target_session_attrs=primary"), { role: "primary" }],
    [at("?target_session_attrs=standby"), { role: "standby" }],
    [at("?target_session_attrs=any"), local],
    ["postgres://db.example:6543", { host: "db.example", port: 6543 }],
    ["postgresql:///work?host=/var/run/postgresql", { host: "/var/run/postgresql", encryption: "never" }],
    ["postgresql://ada@%2Fvar%2Frun%2Fpostgresql:5433/work", { host: "/var/run/postgresql", port: 5433, user: "ada" }],
    ["postgresql://[::1]:5433/work", { host: "::1", port: 5433 }],
    [
      "postgresql://?host=h&port=1&user=u&password=a%2Bb+c&dbname=d",
      { host: "h", port: 1, user: "u", password: "a+b+c" },
    ],
  ]
  for (const [url, target] of taken) it(url, () => expect(targetOf(url)).toMatchObject(target))

  it("says no more of itself than host, port and database", () => {
    expect(readAddress(at("?sslmode=require")).where).toBe("PostgreSQL at db.example:5432/work")
    expect(readAddress("postgres://[::1]/work").where).toBe("PostgreSQL at [::1]:5432/work")
  })
})

describe("is refused, because passing it over would be less than was asked for:", () => {
  const refused: ReadonlyArray<readonly [url: string, refusal: RegExp]> = [
    [at("?sslmod=require"), /not understood: sslmod; these are: host, port/u],
    [at("?sslmode=yes"), /^the parameter sslmode .* must be one of disable, allow, prefer, require/u],
    [at("?sslmode=require&sslmode=disable"), /^the parameter sslmode .* twice/u],
    [at("?ssl=true&sslmode=disable"), /^the parameter sslmode .* contradicts/u],
    [at("?ssl=false"), /^the parameter ssl .* sslmode/u],
    [at("?channel_binding=require"), /^the parameter channel_binding=require .* sslmode=verify-full: add it$/u],
    [at("?channel_binding=require&sslmode=prefer"), /^the parameter channel_binding=require/u],
    [at("?channel_binding=maybe"), /^the parameter channel_binding .* disable, prefer or require/u],
    [at("?sslrootcert=/etc/ca.pem"), /^the parameter sslrootcert .* worth nothing without sslmode=verify-full/u],
    [at("?sslmode=require&sslcert=me.pem"), /sslcert and sslkey .* give both/u],
    [at("?gssencmode=require"), /^the parameter gssencmode .* use TLS/u],
    [at("?sslnegotiation=direct"), /^the parameter sslnegotiation/u],
    [at("?require_auth=scram-sha-256"), /not understood: require_auth/u],
    [at("?target_session_attrs=read-only"), /^the parameter target_session_attrs .* must be one of any/u],
    [at("?client_encoding=LATIN1"), /^the parameter client_encoding .* UTF8/u],
    [at("?connect_timeout=soon"), /^the parameter connect_timeout .* whole seconds/u],
    [at("?port=http"), /^the parameter port .* 1 to 65535/u],
    [at("?pgbouncer=true"), /^the parameter pgbouncer .* session mode/u],
    [at("?schema=public"), /--ledger-schema/u],
    [at("?host=a,b"), /names several hosts/u],
    ["postgresql://ada:s3cret@a:5432,b:5432/work", /names several hosts/u],
    ["postgresql://a,b/work", /names several hosts/u],
    ["postgresql://ada:100%@a/work", /write %25/u],
    ["postgresql://a:0/work", /port/u],
    ["mysql://a/work", /no PostgreSQL/u],
    ["work", /write it as postgresql:\/\//u],
  ]
  for (const [url, refusal] of refused)
    it(url, () => expect(targetOf(url)).toEqual({ refusal: expect.stringMatching(refusal) }))
})

describe("a password", () => {
  const passwords = fc.string({ unit: "binary", minLength: 4, maxLength: 20 }).filter((text) => text.isWellFormed())
  it("is the very text that was escaped, before or behind the ?, and in nothing that is shown", () => {
    fc.assert(
      fc.property(passwords, (password) => {
        const escaped = encodeURIComponent(password)
        for (const url of [`postgresql://ada:${escaped}@h/work`, `postgresql://ada@h/work?password=${escaped}`]) {
          const { secrets, target, where } = readAddress(url)
          expect(target).toMatchObject({ password })
          expect(secrets).toContain(password)
          expect(where).toBe("PostgreSQL at h:5432/work")
        }
      }),
    )
  })
  it("that is not escaped, or stands where something else belongs, is in no refusal", () => {
    const secret = "S3cr3tW0rd"
    fc.assert(
      fc.property(
        fc.constantFrom(..."/?#@:%&= ,"),
        fc.constantFrom("sslmode", "channel_binding", "port", "connect_timeout", "options", "x"),
        (strange, name) => {
          for (const url of [
            `postgresql://ada:12${strange}${secret}@h/work`,
            `postgresql://ada@h/work?${name}=${strange}${secret}`,
            `postgresql://ada@h/work?${secret}${strange}=1`,
          ]) {
            const { target, where } = readAddress(url)
            if (!("refusal" in target)) continue
            expect(`${where} ${target.refusal}`).not.toContain(secret)
          }
        },
      ),
    )
  })
})
