/**
 * JSON that a server answered, read without trust: what is not there or is something else breaks the law that looks for it.
 *
 * @module
 */
import { Violation, Words } from "../Law.ts"

export type Doc = Readonly<Record<string, unknown>>

export const isDoc = (value: unknown): value is Doc =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A JSON object; `name` is the field it was found in, for whoever reads that it is none. */
export const doc = (value: unknown, name?: string): Doc => {
  if (isDoc(value)) return value
  const what = name === undefined ? "the answer" : `${name} in the answer`
  throw new Violation({ what, expected: new Words("a JSON object"), found: value })
}

/** A field that is a list of objects; `null` is read as an empty list (JobSpec v0 §1.3). */
export const list = (of: Doc, name: string): ReadonlyArray<Doc> => {
  const value = of[name]
  if (value === null) return []
  if (Array.isArray(value)) return value.map((each) => doc(each, `an entry of ${name}`))
  throw new Violation({ what: `${name} in the answer`, expected: new Words("a list"), found: value })
}

export const text = (of: Doc, name: string): string => {
  const value = of[name]
  if (typeof value === "string") return value
  throw new Violation({ what: `${name} in the answer`, expected: new Words("a text"), found: value })
}

export const number = (of: Doc, name: string): number => {
  const value = of[name]
  if (typeof value === "number") return value
  throw new Violation({ what: `${name} in the answer`, expected: new Words("a number"), found: value })
}

/** The fields that the other document names, for comparing only those. */
export const pick = (of: Doc, like: Doc): Doc => Object.fromEntries(Object.keys(like).map((name) => [name, of[name]]))

/** Whether a text is a time as the contract writes it: UTC, `Z`, up to nine digits without trailing zeros (JobSpec v0 §1.4). */
export const isTime = (value: unknown): boolean =>
  typeof value === "string" &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/u.test(value) &&
  Number.isFinite(Date.parse(value))
