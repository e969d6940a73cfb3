/**
 * The first JSON value of a text, with what follows it left alone (JobSpec v0 §1.2).
 *
 * @module
 */
import { type Json, line_depth_max } from "@waybill/ledger"

export type FirstValue =
  | { readonly kind: "value"; readonly value: Json }
  /** Nothing but white space. */
  | { readonly kind: "none" }
  /** It could go on: the text ends inside the value. */
  | { readonly kind: "unfinished" }
  | { readonly kind: "invalid" }

const space = /[ \t\n\r]*/uy
const scalar = /[^\s,\]}{["]+/uy

/** Where a string that begins at `start` ends; -1: it does not. */
const endOfString = (text: string, start: number): number => {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x5c) at++
    else if (code === 0x22) return at + 1
  }
  return -1
}

/** Where the value at `start` ends, by its brackets and quotes alone; -1: not in this text; `undefined`: too deep. */
const endOf = (text: string, start: number): number | undefined => {
  let depth = 0
  for (let at = start; at < text.length;) {
    const character = text[at] ?? ""
    if (character === '"') {
      at = endOfString(text, at)
      if (at < 0) return -1
    } else if (character === "{" || character === "[") {
      if (++depth > line_depth_max) return undefined
      at++
    } else if (character === "}" || character === "]") {
      depth--
      at++
    } else if (depth === 0) {
      scalar.lastIndex = at
      return scalar.test(text) ? scalar.lastIndex : at + 1
    } else {
      at++
      continue
    }
    if (depth <= 0) return at
  }
  return -1
}

/**
 * Whether a text that ends inside a value is wrong before it ends. The parser names the place of a mistake; for a text that
 * merely stops it names none, or the end.
 */
const isWrongBeforeEnd = (text: string): boolean => {
  try {
    JSON.parse(text)
    return false
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : ""
    const place = / at position (\d+)/u.exec(message)?.[1]
    return place !== undefined && Number(place) < text.length && !message.startsWith("Unterminated string")
  }
}

const mayHoldLargeNumber = /[:,[{]\s*-?(?:\d[\d.]*[eE]\+?\d|\d{309})|^-?(?:\d[\d.]*[eE]\+?\d|\d{309})/u

const allFinite = (value: Json): boolean => {
  const open: Array<Json> = [value]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next === "number" && !Number.isFinite(next)) return false
    if (typeof next !== "object" || next === null) continue
    for (const below of Array.isArray(next) ? (next as ReadonlyArray<Json>) : Object.values(next)) open.push(below)
  }
  return true
}

/** Lone surrogates become U+FFFD, in keys and in values. */
const wellFormed = (_: string, value: unknown): unknown => {
  if (typeof value === "string") return value.toWellFormed()
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value
  const isSound = Object.keys(value).every((key) => key.isWellFormed())
  return isSound ? value : Object.fromEntries(Object.entries(value).map(([key, entry]) => [key.toWellFormed(), entry]))
}

const parsed = (own: string): FirstValue => {
  const mayBeIllFormed = /\\u[dD][89a-fA-F]/u.test(own)
  const value = (mayBeIllFormed ? JSON.parse(own, wellFormed) : JSON.parse(own)) as Json
  return mayHoldLargeNumber.test(own) && !allFinite(value) ? { kind: "invalid" } : { kind: "value", value }
}

export const firstValue = (text: string): FirstValue => {
  if (text.length <= 2 * line_depth_max) {
    // So short a text cannot nest too deep, and mostly it is one value and nothing else.
    try {
      return parsed(text)
    } catch {
      // It is not, or something follows.
    }
  }
  space.lastIndex = 0
  space.test(text)
  const start = space.lastIndex
  if (start >= text.length) return { kind: "none" }
  const end = endOf(text, start)
  if (end === undefined) return { kind: "invalid" }
  if (end < 0) return { kind: isWrongBeforeEnd(text) ? "invalid" : "unfinished" }
  try {
    return parsed(text.slice(start, end))
  } catch {
    return { kind: "invalid" }
  }
}
