import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { hideInStream } from "../src/hideInStream.ts"
import { hideValues } from "../src/hideValues.ts"

/** Few letters, so that values overlap themselves and each other. */
const letters = fc.constantFrom("a", "b", "ä", "[", ".", "\n")
const value = fc.string({ unit: letters, minLength: 6, maxLength: 9 })
const secrets = fc.dictionary(fc.constantFrom("ONE", "TWO", "THREE"), value)
/** Texts that hold the values, their beginnings and what lies between. */
const said = secrets.chain((env) =>
  fc.record({
    env: fc.constant(env),
    text: fc
      .array(
        fc.oneof(
          fc.string({ unit: letters, maxLength: 4 }),
          ...Object.values(env).flatMap((each) => [fc.constant(each), fc.nat(8).map((count) => each.slice(0, count))]),
        ),
        { maxLength: 8 },
      )
      .map((parts) => parts.join("")),
  }),
)

const through = (env: Readonly<Record<string, string>>, pieces: ReadonlyArray<Uint8Array>): string => {
  const hiding = hideInStream(env)
  const kept = pieces.map((piece) => Buffer.from(hiding.take(piece)))
  return Buffer.concat([...kept, hiding.end()]).toString("utf8")
}

const cutAt = (bytes: Uint8Array, lengths: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const pieces: Array<Uint8Array> = []
  let at = 0
  for (const length of lengths) {
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return [...pieces, bytes.subarray(at)]
}

describe("what a program prints while its values are hidden", () => {
  it("is the same however its pieces are cut, and holds no value that was in it", () =>
    fc.assert(
      fc.property(said, fc.array(fc.nat(7), { maxLength: 20 }), ({ env, text }, lengths) => {
        const bytes = Buffer.from(text)
        const whole = through(env, [bytes])
        expect(through(env, cutAt(bytes, lengths))).toBe(whole)
        expect(
          through(
            env,
            [...bytes].map((byte) => Uint8Array.of(byte)),
          ),
        ).toBe(whole)
      }),
    ))

  it("is what a text without the values is, where no two of them overlap", () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom("s3cr3t-one", "pässwört", "ab", " ", "\n"), { maxLength: 9 }), (parts) => {
        const env = { ONE: "s3cr3t-one", TWO: "pässwört", SHORT: "ab" }
        const bytes = Buffer.from(parts.join(""))
        expect(
          through(
            env,
            [...bytes].map((byte) => Uint8Array.of(byte)),
          ),
        ).toBe(hideValues(parts.join(""), env))
      }),
    ))

  it("is every byte of it where there is nothing to hide, in the pieces in which it came", () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        expect(Buffer.from(hideInStream({ SHORT: "ab" }).take(bytes))).toEqual(Buffer.from(bytes))
        const hiding = hideInStream({ ONE: "s3cr3t-one" })
        expect(Buffer.concat([hiding.take(bytes), hiding.end()])).toEqual(Buffer.from(bytes))
      }),
    ))

  it("takes the longer of two values that begin alike, and holds nothing back that can be neither", () => {
    const env = { SHORT: "secret1", LONG: "secret123" }
    expect(through(env, [Buffer.from("secret1"), Buffer.from("23 secret1 x")])).toBe("[LONG] [SHORT] x")
    expect(Buffer.from(hideInStream(env).take(Buffer.from("a line\n"))).toString()).toBe("a line\n")
  })

  it("holds no beginning of a value where it is cut, and none of six bytes and more where it ends", () =>
    fc.assert(
      fc.property(fc.string({ unit: letters, minLength: 6, maxLength: 9 }), fc.nat(9), (secret, count) => {
        const whole = Buffer.from(secret)
        const said = Buffer.concat([Buffer.from("xx"), whole.subarray(0, count)])
        const taken = hideInStream({ ONE: secret })
        const kept = taken.take(said)
        if (count < whole.length) {
          expect(Buffer.from(kept).toString()).toBe("xx")
          expect(taken.cut()).toBe(said.length - 2)
        }
        const ended = through({ ONE: secret }, [said])
        if (Math.min(count, whole.length) >= 6) expect(ended).toBe("xx[ONE]")
        else expect(ended).toBe(said.toString())
      }),
    ))
})
