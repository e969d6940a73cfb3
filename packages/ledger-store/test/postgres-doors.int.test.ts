/** Doors that stay shut: each says which of its locks it was and what to do, and what was asked of the door is never passed over. */
import { makeSqlPgDatabase, verifyPostgres } from "@waybill/ledger-store/postgres"
import { Effect, Redacted } from "effect"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { whatIsWrong } from "../src/postgres/whatIsWrong.ts"
import { makeCertificate } from "./support/certificate.ts"
import { makeFrozenNetwork } from "./support/frozenNetwork.ts"
import { usePostgres } from "./support/postgres.ts"

const tls = makeCertificate("localhost")
const { freshSchema, open, promise, server, sql } = usePostgres({ tls })
const folder = mkdtempSync(join(tmpdir(), "waybill-certificates-"))
const [own, other] = [join(folder, "own.pem"), join(folder, "other.pem")]

beforeAll(() => {
  writeFileSync(own, tls.certificate)
  writeFileSync(other, makeCertificate("localhost").certificate)
})

const connect = (url: string, connect_wait_ms = 5_000) =>
  makeSqlPgDatabase({ url: Redacted.make(url), lock_wait_ms: 5_000, connect_wait_ms }).connect

const addressOf = (host: string, query = "") =>
  `postgresql://waybill:${server().password}@${host}:${server().port}/postgres${query}`

/** Whether our own session is encrypted. */
const isEncrypted = (url: string) =>
  Effect.map(
    Effect.flatMap(connect(url), ({ run }) =>
      run([{ text: "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()" }]),
    ),
    ([rows]) => rows?.[0]?.["ssl"],
  )

describe("a schema that holds no ledger", () => {
  const holds = (schema: string) => sql("SELECT nspname FROM pg_namespace WHERE nspname = $1", schema)
  promise("keeps no connection of who is refused or gives up, in a scope that goes on", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      for (let n = 0; n < 12; n++) {
        yield* Effect.flip(open(schema, { missing: "refuse" }))
        yield* Effect.timeoutOption(open(schema, { missing: "refuse" }), n).pipe(Effect.ignore)
      }
      const left = Effect.scoped(
        Effect.map(
          sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"),
          (rows) => rows.length,
        ),
      )
      // The server learns of an end a moment later.
      while ((yield* left) > 0) yield* Effect.sleep(10)
    }),
  )
  promise("is not made by who only reads, and is by who appends", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      const database = makeSqlPgDatabase({
        url: Redacted.make(server().url),
        lock_wait_ms: 5_000,
        connect_wait_ms: 5_000,
      })
      const opened = Effect.asVoid(open(schema, { missing: "refuse" }))
      for (const reading of [opened, Effect.asVoid(verifyPostgres(database, { schema }))]) {
        const refused = yield* Effect.flip(reading)
        expect([refused._tag, refused.message]).toEqual([
          "StoreRefused",
          expect.stringContaining(`there is no ledger in the schema ${schema}`),
        ])
      }
      expect(yield* holds(schema)).toEqual([])
      yield* open(schema)
      yield* open(schema, { missing: "refuse" })
      expect((yield* verifyPostgres(database, { schema })).flaws).toEqual([])
    }),
  )
  promise("but a table of the name of ours is refused in words, and left as it is", () =>
    Effect.gen(function* () {
      const schema = freshSchema()
      yield* sql(`CREATE SCHEMA ${schema}`)
      yield* sql(`CREATE TABLE ${schema}.waybill_schema (version text)`)
      const refused = yield* Effect.flip(open(schema))
      expect([refused._tag, refused.message]).toEqual([
        "StoreRefused",
        expect.stringContaining("a table waybill_schema that no Waybill has made"),
      ])
    }),
  )
})

describe("who is let in, and how:", () => {
  promise("what the address asks of encryption is what one gets", () =>
    Effect.gen(function* () {
      expect(yield* isEncrypted(addressOf("localhost", "?sslmode=disable"))).toBe(false)
      // Nobody vouches for this server, and nobody asked for it.
      for (const query of ["", "?sslmode=prefer", "?sslmode=allow"])
        expect(yield* isEncrypted(addressOf("127.0.0.1", query))).toBe(true)
      for (const query of [
        "require",
        "require&channel_binding=require",
        "verify-full&ssl_min_protocol_version=TLSv1.3",
      ])
        expect(yield* isEncrypted(addressOf("localhost", `?sslmode=${query}&sslrootcert=${own}`))).toBe(true)
    }),
  )
  promise("an application's name, a server's role and session options are kept", () =>
    Effect.gen(function* () {
      const options = encodeURIComponent("-c work_mem=2MB")
      const { run } = yield* connect(
        addressOf("localhost", `?application_name=nightly&options=${options}&target_session_attrs=read-write`),
      )
      const [rows] = yield* run([
        { text: "SELECT current_setting('application_name') AS name, current_setting('work_mem') AS memory" },
      ])
      expect(rows).toEqual([{ name: "nightly", memory: "2MB" }])
    }),
  )
})

describe("who is not let in is told why, and what to do:", () => {
  const shut = (url: string, failure: string, message: RegExp, connect_wait_ms?: number) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(connect(url, connect_wait_ms))
      expect([error.failure, error.message]).toEqual([failure, expect.stringMatching(message)])
      expect(error.message).not.toContain(server().password)
    })
  const doors: ReadonlyArray<readonly [name: string, url: () => string, failure: string, message: RegExp]> = [
    [
      "a wrong password",
      () => addressOf("localhost").replace(server().password, "wr0ng"),
      "denied",
      /^password authentication failed for user "waybill" \(SQLSTATE 28P01\); check the user and the password in the URL/u,
    ],
    ["no password", () => addressOf("localhost").replace(`:${server().password}`, ""), "denied", /the URL has none$/u],
    [
      "an unknown database",
      () => addressOf("localhost").replace("/postgres", "/nowhere"),
      "denied",
      /^database "nowhere" does not exist \(SQLSTATE 3D000\); .*createdb/u,
    ],
    [
      "a port where nobody listens",
      () => addressOf("127.0.0.1").replace(/:\d+\//u, ":1/"),
      "cut",
      /^nobody listens there; check the host and the port/u,
    ],
    [
      "a certificate of nobody's",
      () => addressOf("localhost", "?sslmode=require"),
      "denied",
      /certificate .*; .*sslrootcert=/u,
    ],
    [
      "a certificate of somebody else's",
      () => addressOf("localhost", `?sslmode=verify-ca&sslrootcert=${other}`),
      "denied",
      /certificate .*; .*sslrootcert=/u,
    ],
    [
      "a certificate for another host",
      () => addressOf("127.0.0.1", `?sslmode=require&sslrootcert=${own}`),
      "denied",
      /certificate is for another host; name the host as its certificate does$/u,
    ],
    [
      "a file of authorities that is not there",
      () => addressOf("localhost", "?sslmode=require&sslrootcert=/nowhere.pem"),
      "denied",
      /sslrootcert names cannot be read: \/nowhere\.pem$/u,
    ],
    [
      "a primary where a standby is asked for",
      () => addressOf("localhost", "?target_session_attrs=standby"),
      "cut",
      /no standby/u,
    ],
  ]
  for (const [name, url, failure, message] of doors)
    promise(name, () => Effect.suspend(() => shut(url(), failure, message)))

  promise("a server that takes encrypted connections only", () =>
    Effect.gen(function* () {
      const [row] = yield* sql("SHOW hba_file")
      const restart = (rules: string) =>
        Effect.promise(async () => {
          await server().stop("fast")
          writeFileSync(String(row?.["hba_file"]), rules)
          await server().start()
        })
      yield* restart("hostssl all all all scram-sha-256\n")
      yield* shut(
        addressOf("localhost", "?sslmode=disable"),
        "denied",
        /28000\); the server takes encrypted connections only: add sslmode=require/u,
      )
      yield* restart("host all all all scram-sha-256\n")
    }),
  )
  it("a host that nobody knows, or that no way leads to", () => {
    for (const code of ["ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"])
      expect(whatIsWrong({ code, message: "", isConnecting: true })).toMatchObject({
        failure: "cut",
        reason: expect.stringMatching(/host/u),
        advice: "check the host in the URL",
      })
  })
  promise("a server that says nothing", () =>
    Effect.gen(function* () {
      const network = yield* Effect.acquireRelease(
        Effect.promise(() => makeFrozenNetwork(server().port)),
        ({ close }) => Effect.sync(close),
      )
      network.freeze()
      yield* shut(
        addressOf("127.0.0.1").replace(/:\d+\//u, `:${network.port}/`),
        "cut",
        /^the server did not answer in time; check/u,
        50,
      )
    }),
  )
})
