import fc from "fast-check"
import { expect, it } from "vitest"
import { namesOf } from "../src/settling/checkNames.ts"

it("a line is called what it is, and a long one by its beginning", () => {
  expect(namesOf(["grep -q final", "x".repeat(61), "y".repeat(60)], [])).toEqual([
    "grep -q final",
    `${"x".repeat(60)}…`,
    "y".repeat(60),
  ])
})

it("lines that begin alike, or are alike, have a number", () => {
  const long = "./judge --with-a-long-option=and-its-value --with-another-one ".padEnd(60, "-")
  expect(namesOf([`${long}a`, `${long}b`, "json-schema", "true", "true"], ["json-schema"])).toEqual([
    `${long.slice(0, 60)}…`,
    `${long.slice(0, 60)}… (2)`,
    "json-schema (2)",
    "true",
    "true (2)",
  ])
})

it("no two lines of a job have one name, no name is taken, and none is cut within a character", () => {
  const line = fc.oneof(
    fc.constantFrom("a", "a (2)", "a (2) (2)"),
    fc.string({ unit: fc.constantFrom("a", "😀"), minLength: 57, maxLength: 63 }),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.array(line, { maxLength: 2 }), (lines, taken) => {
      const names = namesOf(lines, taken)
      expect(new Set([...names, ...taken]).size).toBe(lines.length + new Set(taken).size)
      expect(names.every((name) => name.isWellFormed() && [...name].length <= 70)).toBe(true)
    }),
  )
})
