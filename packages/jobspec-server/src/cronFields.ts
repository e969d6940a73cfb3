/**
 * The five fields of a cron expression in the grammar of the contract's reference (JobSpec v0 §5.5), which is not that of every
 * cron library: `5/15` is `5-59/15`, a step may be larger than its range, and `*` in a list makes the whole field `*`.
 *
 * @module
 */
import { Result } from "effect"

interface Field {
  readonly name: string
  readonly least: number
  /** Where `*` and `VALUE/STEP` end. */
  readonly most: number
  /** The largest value that may be written; `most` unless it is said. */
  readonly limit?: number
  readonly names?: ReadonlyArray<string>
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

const fields: ReadonlyArray<Field> = [
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day of month", least: 1, most: 31 },
  { name: "month", least: 1, most: 12, names: months },
  // 7 is Sunday too, as crontab(5) has it.
  { name: "day of week", least: 0, most: 6, limit: 7, names: days },
]

const numberOf = (text: string, { least, names }: Field): number | undefined => {
  const place = names?.indexOf(text.toLowerCase()) ?? -1
  if (place >= 0) return place + least
  return /^\d{1,9}$/u.test(text) ? Number(text) : undefined
}

/** The values of one part of a list; `"*"` where it restricts nothing. */
const partOf = (part: string, field: Field): Result.Result<ReadonlyArray<number> | "*", string> => {
  const bad = (reason: string) => Result.fail(`${field.name}: ${JSON.stringify(part)} ${reason}`)
  const [range = "", stepText, ...more] = part.split("/")
  const step = stepText === undefined ? 1 : numberOf(stepText, { name: "", least: 0, most: 0 })
  if (more.length > 0 || step === undefined) return bad("is not VALUE, FROM-TO, */STEP or FROM-TO/STEP")
  if (step === 0) return bad("has a step of 0")
  if (range === "*" || range === "?") {
    if (step === 1) return Result.succeed("*")
    return Result.succeed(steps(field.least, field.most, step))
  }
  const [fromText = "", toText, ...rest] = range.split("-")
  const from = numberOf(fromText, field)
  const to = toText === undefined ? (stepText === undefined ? from : field.most) : numberOf(toText, field)
  if (rest.length > 0 || from === undefined || to === undefined)
    return bad("is not VALUE, FROM-TO, */STEP or FROM-TO/STEP")
  const { least, limit = field.most } = field
  if (from < least || to > limit) return bad(`is not within ${least} to ${limit}`)
  if (from > to) return bad("ends before it begins")
  return Result.succeed(steps(from, to, step))
}

const steps = (from: number, to: number, step: number): ReadonlyArray<number> => {
  const values: Array<number> = []
  for (let value = from; value <= to; value += step) values.push(value)
  return values
}

const fieldOf = (text: string, field: Field): Result.Result<string, string> => {
  const values = new Set<number>()
  let isAny = false
  for (const part of text.split(",")) {
    const found = partOf(part, field)
    if (Result.isFailure(found)) return Result.fail(found.failure)
    if (found.success === "*") isAny = true
    else for (const value of found.success) values.add(field.name === "day of week" ? value % 7 : value)
  }
  return Result.succeed(isAny ? "*" : [...values].toSorted((a, b) => a - b).join(","))
}

/**
 * The same moments as lists of numbers and `*` alone, which every cron library reads alike; or what is wrong.
 *
 * @example
 * plainFields("5/15 9-17/4 * jan,jul mon-fri") // "5,20,35,50 9,13,17 * 1,7 1,2,3,4,5"
 */
export const plainFields = (expression: string): Result.Result<string, string> => {
  const texts = expression.split(/\s+/u)
  if (texts.length !== fields.length) return Result.fail(`expected exactly 5 fields, found ${texts.length}`)
  const plain: Array<string> = []
  for (const [i, field] of fields.entries()) {
    const found = fieldOf(texts[i] ?? "", field)
    if (Result.isFailure(found)) return Result.fail(found.failure)
    plain.push(found.success)
  }
  return Result.succeed(plain.join(" "))
}
