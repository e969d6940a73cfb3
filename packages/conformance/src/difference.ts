/**
 * Where two values differ first, for reports in which both are too long to be shown.
 *
 * @module
 */

export interface Difference {
  /** `[17].payload.note`; empty where the values themselves differ. */
  readonly path: string
  readonly expected: unknown
  readonly found: unknown
}

/** Stands for what is not there at all, which is not the same as `undefined`. */
const nothing = "(nothing)"

/** Of longer texts only what is around the first character that differs is told. */
const long_text = 200

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const step = (name: string | number): string =>
  typeof name === "number" ? `[${name}]` : /^[A-Za-z_]\w*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`

const within = (
  names: ReadonlyArray<string | number>,
  expected: (name: string | number) => unknown,
  found: (name: string | number) => unknown,
): Difference | undefined => {
  for (const name of names) {
    const difference = firstDifference(expected(name), found(name))
    if (difference !== undefined) return { ...difference, path: `${step(name)}${difference.path}` }
  }
  return undefined
}

/** The first place where two values differ as data, in the order of the first one's fields; `undefined` where they do not. */
export const firstDifference = (expected: unknown, found: unknown): Difference | undefined => {
  if (Object.is(expected, found)) return undefined
  if (Array.isArray(expected) && Array.isArray(found)) {
    const at = (values: ReadonlyArray<unknown>) => (i: string | number) =>
      Number(i) < values.length ? values[Number(i)] : nothing
    return within([...Array(Math.max(expected.length, found.length)).keys()], at(expected), at(found))
  }
  if (isRecord(expected) && isRecord(found)) {
    const at = (values: Readonly<Record<string, unknown>>) => (name: string | number) =>
      Object.hasOwn(values, name) ? values[name] : nothing
    return within([...new Set([...Object.keys(expected), ...Object.keys(found)])], at(expected), at(found))
  }
  if (
    typeof expected === "string" &&
    typeof found === "string" &&
    Math.max(expected.length, found.length) > long_text
  ) {
    let from = 0
    while (expected[from] === found[from]) from++
    const part = (text: string): string => text.slice(Math.max(0, from - 20), from + 40)
    return { path: ` at character ${from}`, expected: part(expected), found: part(found) }
  }
  return { path: "", expected, found }
}
