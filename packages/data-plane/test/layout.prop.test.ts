/** Names of folders, artifacts and temporary files, as long as they last: different things never share one. */
import fc from "fast-check"
import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { artifactRef, folderName } from "../src/index.ts"
import { sealedAt, temporaryName, temporaryOf } from "../src/Layout.ts"
import { decodeElsewheres, encodeElsewhere } from "../src/unfinished/Elsewhere.ts"

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.string({ unit: fc.constantFrom("a", "A", "%", "4", "1", "~", "/", ".", "ä"), maxLength: 6 }),
)

describe("a folder's name", () => {
  it("is the text itself where that is plain, and shows what it is where it is not", () => {
    expect(["run-7_b", "x".repeat(128), "A", "a b", "ä/.", "\n", "100%"].map((text) => folderName(text))).toEqual([
      "run-7_b",
      "x".repeat(128),
      "%41",
      "a%20b",
      "%c3%a4%2f%2e",
      "%0a",
      "100%25",
    ])
  })

  it("is a digest of the text where it would be empty or too long", () => {
    for (const text of ["", "x".repeat(129), "ä".repeat(22)])
      expect(folderName(text)).toBe(`~${createHash("sha256").update(text).digest("hex")}`)
    expect(folderName("A".repeat(42))).toHaveLength(126)
    expect(folderName("A".repeat(43))).toMatch(/^~[0-9a-f]{64}$/u)
  })

  it("is one segment of at most 128 characters, of no upper case, and never that of another text", () =>
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(folderName(a)).toMatch(/^[a-z0-9_%~-]{1,128}$/u)
        // A lone surrogate has no bytes of its own.
        if (a !== b && a.isWellFormed() && b.isWellFormed()) expect(folderName(a)).not.toBe(folderName(b))
      }),
      { numRuns: 2000 },
    ))
})

describe("an artifact's reference", () => {
  it("names run, attempt and path, and digests a path that would make it too long", () => {
    expect(artifactRef({ runId: "My run", attempt: 2 }, "out/a b")).toBe("artifact:%4dy%20run:2:out%2Fa%20b")
    const head = "artifact:run:1:".length
    expect(artifactRef({ runId: "run", attempt: 1 }, "x".repeat(1024 - head))).toHaveLength(1024)
    expect(artifactRef({ runId: "run", attempt: 1 }, "x".repeat(1025 - head))).toMatch(
      /^artifact:run:1:~[0-9a-f]{64}$/u,
    )
  })

  it("is never that of another path", () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "/", "%", "ä", "x".repeat(400)), maxLength: 8 }),
        fc.string({ unit: fc.constantFrom("a", "/", "%", "ä", "x".repeat(400)), maxLength: 8 }),
        (a, b) => {
          const [one, other] = [a, b].map((path) => artifactRef({ runId: "run", attempt: 1 }, path))
          expect(one === other).toBe(a === b)
          expect(one?.length).toBeLessThanOrEqual(1024)
        },
      ),
      { numRuns: 500 },
    ))
})

it("sealed bytes lie under their digest, two levels deep", () => {
  expect(sealedAt(`sha256:abcd${"0".repeat(60)}`)).toEqual([["sealed", "sha256", "ab", "cd"], `abcd${"0".repeat(60)}`])
})

describe("a temporary file's name", () => {
  const id = "0123456789abcdef0123456789abcdef"
  it.each([0, 7, 10, 12345])("says whose it is, as its %sth", (nth) => {
    expect(temporaryName(id, nth)).toBe(`.waybill-tmp-${id}-${nth}`)
    expect(temporaryOf(temporaryName(id, nth))).toBe(id)
  })

  it.each([
    `x.waybill-tmp-${id}-1`,
    `.waybill-tmp-${id}-1x`,
    `.waybill-tmp-${id}-`,
    `.waybill-tmp-${id}`,
    `.waybill-tmp-${id}-x`,
    `.waybill-tmp-${id.slice(1)}-1`,
    `.waybill-tmp-${id}0-1`,
    `.waybill-tmp-${id.toUpperCase()}-1`,
    `-waybill-tmp-${id}-1`,
    "report.bin",
  ])("is not %s", (name) => {
    expect(temporaryOf(name)).toBeUndefined()
  })
})

describe("the places that a process notes", () => {
  const place = fc.oneof(
    fc.record({ folder: fc.string({ unit: "binary" }) }),
    fc.record({ workspace: fc.array(fc.string({ unit: "binary" }), { maxLength: 4 }) }),
  )

  it("are read as they were written, and one that was cut off is no place", () =>
    fc.assert(
      fc.property(fc.array(place, { maxLength: 5 }), place, fc.nat(), (places, last, cut) => {
        const text = places.map(encodeElsewhere).join("")
        expect(decodeElsewheres(text)).toEqual(places)
        const line = encodeElsewhere(last)
        const part = line.slice(0, cut % (line.length - 1))
        expect(decodeElsewheres(text + part)).toEqual(places)
      }),
      { numRuns: 300 },
    ))

  it.each([
    "null",
    "1",
    '"text"',
    "[]",
    "{}",
    '{"folder":1}',
    '{"workspace":"run"}',
    '{"workspace":["run",1]}',
    '{"workspace":{}}',
    '{"workspace":[null]}',
  ])("%s is no place, and spoils no other", (line) => {
    expect(decodeElsewheres(`${line}\n{"folder":"/out"}\n`)).toEqual([{ folder: "/out" }])
  })
})
