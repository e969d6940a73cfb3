/**
 * From words to arguments. Every mistake is collected, so that one repeat is enough.
 *
 * @module
 */
import type { ArgumentError, FlagEntry } from "@waybill/command-contract"
import { parseArgs } from "node:util"
import { nearest } from "./EditDistance.ts"
import { readFlagValue, shown } from "./FlagValue.ts"

/** What was given, by flag name: one value, or a list for arrays. Flags that nobody gave are absent. */
export type Given = ReadonlyMap<string, unknown>

export interface Parsed {
  readonly given: Given
  readonly errors: ReadonlyArray<ArgumentError>
  /** What nothing that is said about the words may repeat. */
  readonly secrets: ReadonlyArray<string>
}

interface Word {
  readonly param: string
  readonly text: string | undefined
  readonly inline: boolean
  readonly negated: boolean
}

/** How a flag is typed: `--env`, or its name in capitals when it is a word. */
export const paramOf = (name: string, entry: FlagEntry | undefined): string =>
  entry?.positional === undefined ? `--${name}` : (entry.value_name ?? name.toUpperCase())

const unknownFlag = (raw: string, names: ReadonlyArray<string>): ArgumentError => {
  const name = raw.replace(/^-+/, "")
  const meant = nearest(name, names)
  const hint = /^-\d/.test(raw)
    ? "; write -- before words that begin with a dash"
    : meant === undefined
      ? ""
      : `; did you mean --${meant}?`
  return { param: raw, field: name, code: "FLAG_UNKNOWN", message: `${raw} is not a flag of this command${hint}` }
}

/** The value in a word such as `--token=abc`, where such a flag is secret; a word may stand where another flag wanted one. */
const secretIn = (word: string, flags: Readonly<Record<string, FlagEntry>>): ReadonlyArray<string> => {
  const [, name = "", value = ""] = /^--([^=]+)=(.+)$/s.exec(word) ?? []
  return flags[name]?.secret === true ? [value] : []
}

/** Sorts the words of a command line by flag, without judging them. */
const collect = (words: ReadonlyArray<string>, flags: Readonly<Record<string, FlagEntry>>) => {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, entry]) => [
      name,
      {
        type: entry.type === "boolean" ? ("boolean" as const) : ("string" as const),
        ...(entry.short === undefined ? {} : { short: entry.short }),
      },
    ]),
  )
  const { tokens } = parseArgs({
    args: [...words],
    options,
    strict: false,
    tokens: true,
    allowNegative: true,
    allowPositionals: true,
  })
  const named = new Map<string, Array<Word>>()
  const free: Array<string> = []
  const errors: Array<ArgumentError> = []
  // Behind a mistyped flag stands what was meant for another, which may have been the one that is secret.
  const hasSecret = Object.values(flags).some(({ secret }) => secret === true)
  const doubtful: Array<string> = []
  for (const [at, token] of tokens.entries()) {
    if (token.kind === "positional") free.push(token.value)
    if (token.kind !== "option") continue
    // A boolean that is switched off is told by its spelling.
    const negated = token.rawName.startsWith("--no-") && !Object.hasOwn(flags, token.rawName.slice(2))
    const name = negated ? token.rawName.slice("--no-".length) : token.name
    if (!Object.hasOwn(flags, name) || (negated && flags[name]?.type !== "boolean")) {
      errors.push(unknownFlag(token.rawName, Object.keys(flags)))
      const next = tokens[at + 1]
      if (hasSecret && next?.kind === "positional") doubtful.push(next.value)
      continue
    }
    const word = { param: token.rawName, text: token.value, inline: token.inlineValue === true, negated }
    named.set(name, [...(named.get(name) ?? []), word])
  }
  return { named, free, errors, doubtful }
}

/** Puts free words in the places of the positional flags that were not given by name. */
const place = (
  free: ReadonlyArray<string>,
  flags: Readonly<Record<string, FlagEntry>>,
  named: ReadonlyMap<string, unknown>,
) => {
  const places = Object.entries(flags)
    .filter(([name, { positional }]) => positional !== undefined && !named.has(name))
    .toSorted(([, a], [, b]) => (a.positional ?? 0) - (b.positional ?? 0))
  const placed = new Map<string, ReadonlyArray<string>>()
  let at = 0
  for (const [name, entry] of places) {
    const words = entry.type === "array" ? free.slice(at) : free.slice(at, at + 1)
    if (words.length > 0) placed.set(name, words)
    at += words.length
  }
  return { placed, left: free.slice(at) }
}

const readWord = (name: string, entry: FlagEntry, word: Word, flags: Readonly<Record<string, FlagEntry>>) => {
  if (entry.type === "boolean") {
    if (word.text === undefined || !word.inline) return { ok: true, value: !word.negated } as const
    return readFlagValue(entry, word.text)
  }
  const swallowed =
    !word.inline && word.text?.startsWith("--") === true && Object.hasOwn(flags, word.text.slice(2).split("=")[0] ?? "")
  if (word.text === undefined || swallowed) {
    const hint = swallowed ? `; if ${word.text} is the value, write --${name}=${word.text}` : ""
    return { ok: false, code: "FLAG_VALUE_MISSING", problem: `needs a value${hint}` } as const
  }
  return readFlagValue(entry, word.text)
}

/**
 * Reads the words that follow a command's name. What is required is not asked for here: see `validate`.
 *
 * @param words without the program and the command's own words
 */
export const parse = (words: ReadonlyArray<string>, flags: Readonly<Record<string, FlagEntry>>): Parsed => {
  const { doubtful, errors, free, named } = collect(words, flags)
  const secrets = [...doubtful, ...words.flatMap((word) => secretIn(word, flags))]
  const { left, placed } = place(free, flags, named)
  const given = new Map<string, unknown>()
  const all: ReadonlyArray<readonly [string, ReadonlyArray<Word>]> = [
    ...named,
    ...[...placed].map(
      ([name, texts]) =>
        [
          name,
          texts.map((text) => ({ param: paramOf(name, flags[name]), text, inline: true, negated: false })),
        ] as const,
    ),
  ]
  for (const [name, texts] of all) {
    const entry = flags[name]
    if (entry === undefined) continue
    if (entry.secret === true) secrets.push(...texts.flatMap(({ text }) => (text === undefined ? [] : [text])))
    const fail = (word: Word, code: string, problem: string) =>
      errors.push({
        param: word.param,
        field: name,
        code,
        message: `${word.param}: ${problem}`,
        ...(word.text === undefined || entry.secret === true ? {} : { value: word.text }),
      })
    const second = texts[1]
    if (entry.type !== "array" && second !== undefined) fail(second, "FLAG_DUPLICATE", "is given twice; give it once")
    const values: Array<unknown> = []
    for (const word of texts) {
      const reading = readWord(name, entry, word, flags)
      if (reading.ok) values.push(reading.value)
      else fail(word, reading.code, reading.problem)
    }
    if (values.length > 0) given.set(name, entry.type === "array" ? values : values[0])
  }
  for (const text of left) {
    const message = `${shown(text)} is one word too many`
    errors.push({ param: text, field: "", code: "WORD_UNEXPECTED", message, value: text })
  }
  return { given, errors, secrets: [...secrets, ...secrets.map((text) => shown(text).slice(1, -1))] }
}
