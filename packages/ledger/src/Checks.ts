/**
 * What a schema's check asks, as a plain closure.
 *
 * Effect runs a check through two calls that are the same for all checks and that make room for issues. Those that facts are
 * bounded by are known by the name that their schema bears when it is written down, and are asked directly: a text of bounded
 * length in a third of the time. Any other check is run as it is.
 *
 * @module
 */
import type { SchemaAST } from "effect"

export type Test = (value: unknown) => boolean

const none = {} as const

/** One class between a fixed beginning and the end: `^sha256:[0-9a-f]{64}$`. */
const counted = /^\^([\w:]*)(\[[\w.:-]+\])\{(\d+)(?:,(\d+))?\}\$$/u

/**
 * Whether a text matches. The engine counts repetitions one by one, so a class that is repeated up to the end is repeated without
 * counting, and the length is compared instead: a digest is checked in half the time.
 */
const matching = (source: string, flags: string): Test | undefined => {
  // What remembers where it was, and what ends at every line, is left to the schema.
  if (!/^i?u?$/u.test(flags)) return undefined
  const parts = counted.exec(source)
  if (parts === null) {
    const whole = new RegExp(source, flags)
    return (value) => whole.test(value as string)
  }
  const [, start = "", repeated = "", least = "", most = least] = parts
  const [least_units, most_units] = [start.length + Number(least), start.length + Number(most)]
  const uncounted = new RegExp(`^${start}${repeated}*$`, flags)
  return (value) => {
    const { length } = value as string
    return length >= least_units && length <= most_units && uncounted.test(value as string)
  }
}

type Bounded = { readonly least?: number | undefined; readonly most?: number | undefined }

/** The schema's order puts NaN below every number, so one that need only be small enough may be none. */
const numberWithin = ({ least, most }: Bounded): Test => {
  if (most === undefined) return (value) => (value as number) >= (least as number)
  if (least === undefined) return (value) => !((value as number) > most)
  return (value) => (value as number) >= least && (value as number) <= most
}

/** What a check that is written down as `payload` asks for, as a number. */
const numberIn = (payload: unknown, ...names: ReadonlyArray<string>): number | undefined => {
  for (const name of names) {
    const value = ((payload ?? {}) as Record<string, unknown>)[name]
    if (typeof value === "number" && !Number.isNaN(value)) return value
  }
  return undefined
}

const lengths = new Set(["isMinLength", "isMaxLength", "isBetweenLength"].map((name) => `effect/schema/${name}`))

/** The test behind a name, for values of the kind that the check is written for. */
const known = (id: string, payload: unknown): Test | undefined => {
  const of = (payload ?? {}) as Record<string, unknown>
  const [least, most] = [numberIn(payload, "minimum"), numberIn(payload, "maximum")]
  const isOpen = of["exclusiveMinimum"] !== undefined || of["exclusiveMaximum"] !== undefined
  switch (id) {
    case "effect/schema/isPattern":
      return matching(String(of["source"]), String(of["flags"]))
    case "effect/schema/isInt":
      return Number.isSafeInteger
    case "effect/schema/isFinite":
      return Number.isFinite
    case "effect/schema/isGreaterThanOrEqualTo":
      return least === undefined ? undefined : numberWithin({ least })
    case "effect/schema/isLessThanOrEqualTo":
      return most === undefined ? undefined : numberWithin({ most })
    case "effect/schema/isBetween":
      return least === undefined || most === undefined || isOpen ? undefined : numberWithin({ least, most })
    default:
      return undefined
  }
}

/** How long a text or a list may be. */
export interface Lengths {
  readonly shortest: number
  readonly longest: number
}

/** What a schema's checks ask: all bounds of a length as one, and the other tests in their order. */
export interface Checks extends Lengths {
  readonly others: ReadonlyArray<Test>
}

export const checksOf = (ast: SchemaAST.AST): Checks => {
  const others: Array<Test> = []
  let [shortest, longest] = [0, Infinity]
  const add = (check: SchemaAST.Check<unknown>): void => {
    if (check._tag === "FilterGroup") return check.checks.forEach(add)
    const { id, payload } = check.annotations?.representation ?? { id: "", payload: undefined }
    if (lengths.has(id)) {
      shortest = Math.max(shortest, numberIn(payload, "minimum", "minLength") ?? 0)
      longest = Math.min(longest, numberIn(payload, "maximum", "maxLength") ?? Infinity)
    } else others.push(known(id, payload) ?? ((value) => check.run(value, ast, none) === undefined))
  }
  ast.checks?.forEach(add)
  return { shortest, longest, others }
}

/** The tests of a schema's checks. */
export const testsOf = (ast: SchemaAST.AST): ReadonlyArray<Test> => {
  const { longest, others, shortest } = checksOf(ast)
  if (shortest === 0 && longest === Infinity) return others
  const isWithin: Test = (value) => {
    const { length } = value as string | ReadonlyArray<unknown>
    return length >= shortest && length <= longest
  }
  return [isWithin, ...others]
}
