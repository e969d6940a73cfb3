/**
 * Keeping secrets out of what a program prints, while it prints.
 *
 * @module
 */
import { secret_length_min, secretsOf } from "./hideValues.ts"

/** Takes what was printed, piece by piece, and gives back what may be kept of it. */
export interface HidingStream {
  readonly take: (chunk: Uint8Array) => Uint8Array
  /**
   * What was held back, since it could have been the beginning of a secret. A beginning of six bytes and more is hidden like the
   * whole: a program may be ended in the middle of a word.
   */
  readonly end: () => Uint8Array
  /** Instead of `end`, where more was printed than was taken: how many bytes were held back, which nobody may see then. */
  readonly cut: () => number
}

const nothing = new Uint8Array()
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/gu, String.raw`\$&`)

/**
 * Replaces the values of variables by their names in a stream of bytes, however its pieces are cut: afterwards nobody needs to know the
 * values to read it safely. The same values as in {@link hideValues} are hidden. Nothing is held back that cannot become one of them.
 */
export const hideInStream = (env: Readonly<Record<string, string>>): HidingStream => {
  // One character per byte, so that a cut inside a character is no cut inside a text.
  const names = new Map(
    secretsOf(env).map(([name, value]) => [Buffer.from(value).toString("latin1"), `[${name}]`] as const),
  )
  const secrets = [...names.keys()].toSorted((a, b) => b.length - a.length)
  const longest = secrets[0]?.length ?? 0
  if (longest === 0) return { take: (chunk) => chunk, end: () => nothing, cut: () => 0 }
  const pattern = new RegExp(secrets.map(escaped).join("|"), "gs")
  const firsts = new Set(secrets.map(([first]) => first))

  /** Where the first thing begins that could still become a secret. */
  const openAt = (text: string, from: number): number => {
    for (let at = Math.max(from, text.length - longest + 1); at < text.length; at++) {
      if (!firsts.has(text[at])) continue
      const rest = text.slice(at)
      if (secrets.some((secret) => secret.length > rest.length && secret.startsWith(rest))) return at
    }
    return text.length
  }

  /** A text that nothing follows, without the beginning of a secret at its end. */
  const withoutBeginning = (text: string): string => {
    for (let at = Math.max(0, text.length - longest + 1); at <= text.length - secret_length_min; at++) {
      const rest = text.slice(at)
      const secret = secrets.find((each) => each.startsWith(rest))
      if (secret !== undefined) return text.slice(0, at) + (names.get(secret) ?? "")
    }
    return text
  }

  let held = ""
  const hide = (text: string, isOver: boolean): string => {
    const openFrom = (from: number) => (isOver ? text.length : openAt(text, from))
    let hidden = ""
    let from = 0
    let open = openFrom(0)
    pattern.lastIndex = 0
    for (let match = pattern.exec(text); match !== null && match.index < open; match = pattern.exec(text)) {
      hidden += text.slice(from, match.index) + (names.get(match[0]) ?? "")
      from = match.index + match[0].length
      if (from > open) open = openFrom(from)
    }
    held = text.slice(open)
    const rest = text.slice(from, open)
    return hidden + (isOver ? withoutBeginning(rest) : rest)
  }
  return {
    take: (chunk) => Buffer.from(hide(held + Buffer.from(chunk).toString("latin1"), false), "latin1"),
    end: () => Buffer.from(hide(held, true), "latin1"),
    cut: () => held.length,
  }
}
