import { scriptedProcesses } from "@waybill/host"
import { Effect, Result, Stream } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { commandVerifier, jsonSchemaVerifier, type VerifierInput, type VerifierOutput } from "../src/index.ts"
import { VerifierOutputs } from "../src/verifier/VerifierOutputs.ts"

/** Letters that no text of ours has, and those that JSON, addresses and paths write in another way. */
const value = fc
  .string({ unit: fc.constantFrom("q", "z", "Q", '"', "\\", "\n", "/", "~", "%", "ä"), minLength: 6, maxLength: 24 })
  .filter((text) => text.trim() === text)
const stderr_bytes_max = 65_536
const stdout_bytes_max = 2_000

const inputOf = (content: string): VerifierInput => ({
  runId: "run-1",
  attempt: 1,
  verificationId: "v1",
  receipt: { submitRunId: "run_1", ok: true, diagnostics: {} },
  artifact: {
    path: "/nowhere",
    bytes: Buffer.byteLength(content),
    sha256: "sha256:unread",
    schemaId: "json/v1",
    stream: Stream.make(new TextEncoder().encode(content)),
  },
})

const stringsOf = (given: unknown): ReadonlyArray<string> => {
  if (typeof given === "string") return [given]
  if (given instanceof Uint8Array) return [Buffer.from(given).toString()]
  return typeof given === "object" && given !== null ? Object.entries(given).flat().flatMap(stringsOf) : []
}

/** What a reader could make a value of: six characters of its beginning, in any spelling that is hidden. */
const expectHidden = (given: unknown, secret: string): void => {
  const begins = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)].flatMap((each) => [
    each.slice(0, 6),
    each.replaceAll("~", "~0").replaceAll("/", "~1").slice(0, 6),
  ])
  for (const text of stringsOf(given)) for (const begin of begins) expect(text).not.toContain(begin)
}

interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Everything that a verification leaves: what is kept, and the verdict or the malfunction. */
const left = async (secret: string, said: Said, name = "judge") => {
  const kept: Array<VerifierOutput> = []
  const { code, stderr, stdout } = said
  const { layer } = scriptedProcesses(() => ({ exit: { kind: "code", code }, stdout, stderr }))
  const result = await Effect.runPromise(
    Effect.gen(function* () {
      const verifier = yield* commandVerifier({
        name,
        command: ["judge"],
        cwd: "/",
        env: { TOKEN: secret },
        outputBytes_max: stdout_bytes_max,
      })
      const asked = yield* Effect.result(
        Effect.suspend(() => verifier.verify(inputOf("{}")) as Effect.Effect<unknown, { readonly message: string }>),
      )
      return Result.isSuccess(asked) ? asked.success : { malfunction: asked.failure.message }
    }).pipe(
      Effect.provideService(VerifierOutputs, (output) => Effect.sync(() => void kept.push(output))),
      Effect.provide(layer),
    ),
  )
  return { result, kept }
}

describe("a value of a command's environment", () => {
  const field = fc.constantFrom("name", "message", "proofRef", "fingerprint", "summary")
  const spell = fc.constantFrom<(text: string) => string>(
    (text) => text,
    (text) => JSON.stringify(text),
    encodeURIComponent,
  )

  it("stands in no text of a verdict, wherever it was said and however long the text is", () =>
    fc.assert(
      fc.asyncProperty(value, field, spell, fc.boolean(), fc.nat(60), async (secret, at, spelled, isOk, room) => {
        const text = spelled(secret)
        const long = `${"x".repeat(Math.max(0, 1024 - text.length - room))}${text}`
        const check = { name: "c", status: isOk ? "passed" : "failed" }
        const answer = at === "summary" ? { checks: [check], summary: long } : { checks: [{ ...check, [at]: long }] }
        const said = { code: isOk ? 0 : 1, stdout: JSON.stringify(answer), stderr: "" }
        const { kept, result } = await left(secret, said)
        expect(result).toMatchObject({ ok: isOk })
        expectHidden([result, kept], secret)
      }),
    ))

  it("and no beginning of it is kept or told, where a limit cuts what was printed", () =>
    fc.assert(
      fc.asyncProperty(value, spell, fc.nat(90), fc.constantFrom(0, 1, 7), async (secret, spelled, before, code) => {
        const text = spelled(secret)
        const stderr = `${"x".repeat(stderr_bytes_max - before)}${text}yy`
        const stdout = `${"x".repeat(stdout_bytes_max - before)}${text}yy`
        expectHidden(await left(secret, { code, stdout, stderr }), secret)
        expectHidden(await left(secret, { code, stdout: "", stderr }), secret)
        // A program that was ended in the middle of a word.
        expectHidden(await left(secret, { code, stdout: text.slice(0, -1), stderr: text.slice(0, -1) }), secret)
      }),
    ))

  it("is in no complaint about an answer that is none", () =>
    fc.assert(
      fc.asyncProperty(value, fc.nat(20), async (secret, before) => {
        const filler = "x".repeat(before)
        for (const stdout of [
          `{"checks":${filler}${secret}`,
          `${secret}${filler}`,
          JSON.stringify({ checks: [{ name: "c", status: filler + secret }] }),
          JSON.stringify({ checks: [{ name: `${"x".repeat(1024)}${secret}`, status: "failed" }] }),
        ])
          expectHidden(await left(secret, { code: 1, stdout, stderr: "" }), secret)
      }),
    ))

  it("is not in the name that a verifier is known by", () =>
    fc.assert(
      fc.asyncProperty(value, async (secret) => {
        expectHidden(await left(secret, { code: 0, stdout: "", stderr: "" }, `judge ${secret}`), secret)
      }),
    ))

  it("does not change what a verdict says: words of the protocol are no secrets", async () => {
    const stdout = JSON.stringify({ checks: [{ name: "c", status: "passed" }] })
    expect((await left("passed", { code: 0, stdout, stderr: "" })).result).toEqual({
      ok: true,
      checks: [{ name: "c", status: "passed" }],
    })
  })

  it("stands in nothing that a schema says about an artifact", () =>
    fc.assert(
      fc.asyncProperty(value, fc.integer({ min: 0, max: 320 }), async (secret, before) => {
        const verifier = jsonSchemaVerifier({
          // No other type: a value in quotes is JSON by itself.
          schema: { type: "object", additionalProperties: { type: "string" } },
          hidden: { TOKEN: secret },
        })
        const key = `${"x".repeat(before)}${secret}`
        for (const content of [JSON.stringify({ [key]: 7 }), `${secret}`, `{"a":${secret}`]) {
          const asked = await Effect.runPromise(verifier.verify(inputOf(content)) as Effect.Effect<unknown>)
          expect(asked).toMatchObject({ ok: false })
          expectHidden(asked, secret)
        }
      }),
    ))
})
