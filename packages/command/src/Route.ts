/**
 * Which command a command line means.
 *
 * @module
 */
import { nearest } from "./EditDistance.ts"

export type Route =
  | { readonly kind: "command"; readonly path: string; readonly words: ReadonlyArray<string> }
  /** Words that lead to commands and are none themselves; the empty path is the program. */
  | { readonly kind: "group"; readonly path: string; readonly words: ReadonlyArray<string> }
  | { readonly kind: "unknown"; readonly word: string; readonly group: string; readonly meant: string | undefined }

/** Flags that may stand before the command and take a value. */
const takes_value = new Set(["--output", "--timeout", "--connect-timeout", "--limit", "--cursor"])

const isBelow = (path: string, group: string) => group === "" || path.startsWith(`${group}.`)

/**
 * Finds the longest command that the words name. Flags may stand before and between.
 *
 * @param words the command line without the program
 * @param names dotted path or alias → the command's dotted path
 */
export const route = (words: ReadonlyArray<string>, names: ReadonlyMap<string, string>): Route => {
  const before: Array<string> = []
  let path = ""
  let found: { readonly path: string; readonly at: number } | undefined
  let at = 0
  for (; at < words.length; at++) {
    const word = words[at] ?? ""
    // No name is empty, and an empty path would be the program itself.
    if (word === "--" || word === "") break
    if (word.startsWith("-")) {
      // Behind a command, flags and their values are the parser's.
      if (found !== undefined) break
      before.push(word)
      if (takes_value.has(word) && at + 1 < words.length) before.push(words[++at] ?? "")
      continue
    }
    const next = path === "" ? word : `${path}.${word}`
    const command = names.get(next)
    const leads = [...names.keys()].some((name) => isBelow(name, next))
    if (command === undefined && !leads) break
    path = next
    if (command !== undefined) found = { path: command, at: at + 1 }
  }
  if (found !== undefined) return { kind: "command", path: found.path, words: [...before, ...words.slice(found.at)] }
  const word = words[at]
  if (word === undefined || word === "--") return { kind: "group", path, words: before }
  const siblings = [...names.keys()].filter((name) => isBelow(name, path))
  const depth = path === "" ? 0 : path.split(".").length
  const choices = [...new Set(siblings.map((name) => name.split(".")[depth] ?? ""))]
  return { kind: "unknown", word, group: path, meant: nearest(word, choices) }
}
