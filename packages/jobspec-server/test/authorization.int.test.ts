import { Effect, Result } from "effect"
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"
import { authorize, isLoopback } from "../src/authorize.ts"
import { fixedTokens, makeTokenFile, parseAddress, readTokenText, tokensOf } from "../src/index.ts"
import { readTokenFile } from "../src/tokenFile.ts"
import { listIn } from "./support/client.ts"
import { folder, token, withServer } from "./support/server.ts"

const scoped = (...tokens: ReadonlyArray<object>) => Result.getOrThrow(readTokenText(JSON.stringify({ tokens })))
const job = { job_type: "rpi.run" }
const denied = (reason: string) => `{"error":"daemon mutation denied: ${reason}"}\n`

describe("§6 mutation authorization", () => {
  it(
    "§6.1 its own header is the credential where it says something; else the bearer, spelled exactly",
    withServer({}, async ({ ask }) => {
      const status = async (headers: Record<string, string>) =>
        (await ask({ method: "POST", path: "/v1/jobs", body: { ...job, job_id: "a" }, headers })).status
      const own = "X-AgentOps-Daemon-Token"
      expect(await status({ [own]: `  ${token} ` })).toBe(202)
      expect(await status({ Authorization: ` Bearer  ${token} ` })).toBe(202)
      expect(await status({ [own]: " ", Authorization: `Bearer ${token}` })).toBe(202)
      expect(await status({ [own]: "wrong", Authorization: `Bearer ${token}` })).toBe(403)
      for (const Authorization of [`bearer ${token}`, `Bearer${token}`, `Basic ${token}`, token, "Bearer "])
        expect(await status({ Authorization })).toBe(403)
      expect(await status({})).toBe(403)
    }),
  )
  it("§6.2 without any token everything is refused, and nothing asks for a login", async () => {
    await withServer({ tokens: fixedTokens([]) }, async ({ get, post }) => {
      const answer = await post("/v1/jobs", job)
      expect([answer.status, answer.text]).toEqual([403, denied("mutation token not configured")])
      expect(answer.headers["www-authenticate"]).toBeUndefined()
      expect((await post("/v1/jobs/a%2Fb/cancel")).text).toBe(denied("mutation token not configured"))
      expect((await get("/v1/status")).status).toBe(200)
    })()
  })
  it(
    "§6.2 reasons come in the contract's order",
    withServer({ origins: ["http://trusted.example"] }, async ({ ask, post }) => {
      const cross = { "Sec-Fetch-Site": "Cross-Site" }
      const reason = async (headers: Record<string, string>, path = "/v1/jobs") =>
        (await ask({ method: "POST", path, body: job, headers })).text
      expect(await reason({ Origin: "null", ...cross }, "/v1/jobs/a%2Fb/cancel")).toBe(
        denied("path outside mutation scope"),
      )
      for (const Origin of ["null", "http://127.0.0.1:8765", "http://evil.example"])
        expect(await reason({ Origin, ...cross })).toBe(denied("browser origin is not trusted"))
      expect(await reason({ Origin: "http://trusted.example", ...cross })).toBe(
        denied("browser fetch site is not trusted"),
      )
      expect(await reason({ "Sec-Fetch-Site": "same-site" })).toBe(denied("mutation token mismatch"))
      expect((await post("/v1/jobs", job, { Origin: "http://trusted.example" })).status).toBe(202)
    }),
  )
  it("§6.2 a peer from elsewhere is refused whatever it forwards, and IPv4 in IPv6 is loopback too", () => {
    const credentials = Result.getOrThrow(readTokenText(token))
    const from = (remote: string | undefined) =>
      authorize(credentials, [], {
        headers: { authorization: `Bearer ${token}` },
        remote,
        capabilities: ["submit_job"],
      })
    for (const remote of ["10.0.0.1", "::ffff:10.0.0.1", "1270.0.0.1", undefined])
      expect(from(remote)).toBe("remote address is not local")
    for (const remote of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
      expect(from(remote)).toBe(credentials[0])
    expect(isLoopback("localhost")).toBe(false)
  })
  it("§6.3 a token opens what its capabilities name and nothing else; admin opens everything", async () => {
    const tokens = fixedTokens(
      scoped(
        { token: "s", capabilities: ["submit_job"] },
        { token: "c", capabilities: ["cancel_job"], local_only: true },
        { token: "t", capabilities: ["openclaw_trigger"] },
        { token: "w", capabilities: ["work"] },
        { token: "a", capabilities: ["admin"] },
      ),
    )
    const opened: Record<string, ReadonlyArray<string>> = {
      "/v1/jobs": ["s", "a"],
      "/jobs": ["s", "a"],
      "/v1/jobs/cancel": ["c", "a"],
      "/jobs/cancel": ["c", "a"],
      "/v1/jobs/x/cancel": ["c", "a"],
      "/openclaw/v1/triggers/jobs": ["t", "a"],
      "/consumer/v1/triggers/jobs": ["t", "a"],
      "/v1/schedules": ["a"],
      "/waybill/v1/claims": ["w", "a"],
      "/waybill/v1/jobs/x/heartbeat": ["w", "a"],
    }
    await withServer({ tokens }, async ({ ask }) => {
      for (const [path, able] of Object.entries(opened))
        for (const each of ["s", "c", "t", "w", "a"]) {
          const { status, text } = await ask({
            method: "POST",
            path,
            body: {},
            headers: { Authorization: `Bearer ${each}` },
          })
          expect([path, each, status !== 403]).toEqual([path, each, able.includes(each)])
          if (status === 403) expect(text).toBe(denied("token capability outside mutation scope"))
        }
    })()
  })
  it("§6.4 the token's name, sanitised, stands in the actor", async () => {
    const tokens = fixedTokens(scoped({ name: "ci: night/1", token: "x", capabilities: ["admin"] }))
    await withServer({ tokens }, async ({ ask, get }) => {
      const headers = { Authorization: "Bearer x" }
      await ask({ method: "POST", path: "/v1/jobs", body: { ...job, job_id: "a" }, headers })
      await ask({ method: "POST", path: "/consumer/v1/triggers/jobs", body: { ...job, job_id: "b" }, headers })
      await ask({ method: "POST", path: "/openclaw/v1/triggers/jobs", body: { ...job, job_id: "c" }, headers })
      const actors = listIn((await get("/v1/events")).json(), "events").map(({ actor }) => actor)
      expect(actors).toEqual(["ao-http:ci__night_1", "consumer-trigger:ci__night_1", "openclaw-trigger:ci__night_1"])
    })()
  })
  it("§6.5 a token file that cannot be used is refused with the contract's words, which never hold a token", () => {
    const reason = (text: string) =>
      Result.match(readTokenText(text), { onFailure: ({ message }) => message, onSuccess: () => "" })
    for (const text of ["", " \n", '{"tokens":[]}', '{"tokens":[{"token":" ","capabilities":["admin"]}]}'])
      expect(reason(text)).toBe("daemon mutation token is missing")
    expect(reason('{"s3cret"')).toMatch(/^parse scoped mutation token file: (?!.*s3cret)/u)
    expect(reason('{"tokens":[{"name":"n","token":"x","capabilities":[]}]}')).toBe(
      'mutation token "n" has no capabilities',
    )
    expect(reason('{"tokens":[{"token":"x","capabilities":["admin","fly"]}]}')).toBe(
      'mutation token "token-1" has unsupported capability "fly"',
    )
    const [legacy] = Result.getOrThrow(readTokenText(" x \n"))
    expect([legacy?.name, legacy?.token, legacy?.local_only]).toEqual(["legacy", "x", true])
    const two = scoped({ token: "x", capabilities: ["work"] }, { name: "n", token: "x", capabilities: ["admin"] })
    const first = authorize(two, [], { headers: { authorization: "Bearer x" }, remote: "::1", capabilities: ["work"] })
    expect(first).toBe(two[0])
  })
  const inFolder = (body: (root: string) => Promise<void>) => (): Promise<void> =>
    Effect.runPromise(Effect.scoped(Effect.flatMap(folder, (root) => Effect.promise(() => body(root)))))
  it(
    "§6.5 a file that others may read is refused, also behind a link",
    inFolder(async (root) => {
      const path = join(root, "token")
      writeFileSync(path, "x")
      symlinkSync(path, join(root, "link"))
      for (const [mode, isFine] of [
        [0o600, true],
        [0o400, true],
        [0o700, true],
        [0o640, false],
        [0o604, false],
        [0o610, false],
      ] as const) {
        chmodSync(path, mode)
        for (const name of ["token", "link"]) {
          const read = await readTokenFile(join(root, name))
          const octal = `0${mode.toString(8)}`
          expect(Result.isSuccess(read)).toBe(isFine)
          if (Result.isFailure(read))
            expect(read.failure.message).toBe(
              `daemon mutation token file mode is too permissive: ${join(root, name)} has mode ${octal}`,
            )
        }
      }
      expect(Result.isFailure(await readTokenFile(join(root, "nothing")))).toBe(true)
    }),
  )
  it(
    "a first token is made for its owner alone, once",
    inFolder(async (root) => {
      const path = join(root, ".agents/daemon/token")
      expect(await makeTokenFile(path, "fresh")).toBe(true)
      expect(await makeTokenFile(path, "other")).toBe(false)
      expect([statSync(path).mode & 0o777, readFileSync(path, "utf8")]).toEqual([0o600, "fresh\n"])
      expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    }),
  )
  it(
    "tokens change while the server runs; a file that cannot be used leaves what was",
    inFolder(async (root) => {
      mkdirSync(root, { recursive: true })
      const path = join(root, "token")
      const write = (text: string, seconds: number) => {
        writeFileSync(path, text, { mode: 0o600 })
        utimesSync(path, seconds, seconds)
      }
      write("one", 1)
      const tokens = await Effect.runPromise(tokensOf(path))
      const names = () => tokens.current().map((each) => each.token)
      expect(await Effect.runPromise(tokens.refresh)).toBeUndefined()
      write("two", 2)
      expect(await Effect.runPromise(tokens.refresh)).toBe("the tokens have changed")
      expect(names()).toEqual(["two"])
      write('{"broken', 3)
      expect(await Effect.runPromise(tokens.refresh)).toMatch(/^the tokens of before still count: /u)
      expect([names(), await Effect.runPromise(tokens.refresh)]).toEqual([["two"], undefined])
    }),
  )
  it("§6.6 an address that is not loopback is refused", () => {
    for (const text of ["127.0.0.1:1", "localhost:0", "LOCALHOST", "[::1]:8765", "127.1.2.3", "[::1]"])
      expect(parseAddress(text)).toHaveProperty("port")
    for (const text of [":8765", "", "0.0.0.0:80", "10.0.0.1", "example.org:1", "[::]:1", "::1:80:1"])
      expect(parseAddress(text)).toMatchObject({
        message: `daemon bind address is not loopback: ${JSON.stringify(text)}`,
      })
  })
})
