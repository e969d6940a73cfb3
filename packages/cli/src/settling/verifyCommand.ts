/**
 * The line of `--verify` as a command that is certain to be given the file.
 *
 * @module
 */
import type { Words } from "../Programs.ts"
import { definesFunction, isRedirection, leads, movesParameters, refuseCommands } from "./ShellCommands.ts"
import { shellTokens, type Token } from "./ShellLine.ts"
import { Unreadable } from "./Unreadable.ts"

const variable = String.raw`WAYBILL_ARTIFACT(?!\w)`
const numbered = String.raw`[@*]|1`
/** How a line says the file. Within a function the numbered ones are the function's own. */
const said = new RegExp(String.raw`\$(?:[@*]|1(?!\d)|${variable}|\{(?:(?:${numbered})(?!\w)|${variable}))`, "uy")
const said_by_name = new RegExp(String.raw`\$\{?${variable}`, "uy")
const said_by_number = new RegExp(String.raw`\$(?:${numbered}|\{(?:${numbered})(?!\w))`, "uy")

/** What ends a command that takes no more arguments. */
const closes = /^(?:\}|fi|done|esac|\]\]?|\(.*\))$/su

interface Pipeline {
  /** Index behind its last command; or why nothing can be put there. */
  readonly end: number | string
  readonly isNaming: boolean
}

const endOf = (words: ReadonlyArray<Token>, end: number): number | string => {
  const last = words.at(-1)
  if (last === undefined || words.every(({ text }) => leads.test(text))) return "has no command at its end"
  return closes.test(last.text) ? `ends in ${last.text}, which takes no argument` : end
}

/** The last pipeline of a line. */
const lastPipeline = (tokens: ReadonlyArray<Token>): Pipeline => {
  let last: Pipeline = { end: "is empty", isNaming: false }
  let words: Array<Token> = []
  let end: number | undefined
  let isNaming = false
  let isPiped = false
  const close = () => {
    // Of two commands, either may be the one that reads it: `cat | grep -q x`, `grep x | tee log`.
    const place = end === undefined || !isPiped ? endOf(words, end ?? 0) : "ends in a pipe that does not say the file"
    if (end !== undefined) last = { end: place, isNaming }
    words = []
    end = undefined
    isPiped = false
  }
  for (const [index, token] of tokens.entries()) {
    const { isWord, text } = token
    const before = tokens[index - 1]
    if (isWord) {
      isNaming ||= token.isNaming
      end = token.end
      if (before === undefined || !isRedirection(before)) words.push(token)
    } else if (isRedirection(token)) {
      // A number right before it is no word of the command; without a target behind it there is no command.
      if (/^\d+$/u.test(before?.text ?? "") && before?.end === token.end - text.length) words.pop()
      if (tokens[index + 1]?.isWord !== true) words = []
      end = token.end
    } else if (text === ";" || text === "\n") {
      // A newline behind an operator goes on with its pipeline.
      if (text === "\n" && end === undefined) continue
      close()
      isNaming = false
    } else {
      last = { end: `ends in ${text}`, isNaming }
      words = []
      end = undefined
      isPiped = text === "|"
      if (!isPiped) isNaming = false
    }
  }
  close()
  return last
}

const tokensOf = (line: string, parameter: RegExp): ReadonlyArray<Token> => [...shellTokens(line, parameter)]
const isNamed = (tokens: ReadonlyArray<Token>): boolean => tokens.some(({ isNaming }) => isNaming)

export type VerifyCommand = { readonly command: Words } | { readonly refused: string }

const commandOf = (line: string): VerifyCommand => {
  const first = tokensOf(line, said)
  const refused = refuseCommands(first)
  if (refused !== undefined) return { refused }
  const mover = movesParameters(first)
  if (mover !== undefined && isNamed(tokensOf(line, said_by_number)))
    return {
      refused: `has a ${mover} that changes what "$1" is, and says it. Write "$WAYBILL_ARTIFACT" for the file`,
    }
  const hasFunction = definesFunction(first)
  const tokens = hasFunction ? tokensOf(line, said_by_name) : first
  const last = lastPipeline(tokens)
  if (hasFunction && typeof last.end === "string" && last.end.startsWith("ends in }"))
    return { refused: "ends in }, as a function does that nobody calls. Call it at the end" }
  const started = (text: string): VerifyCommand => ({ command: ["/bin/sh", "-c", text, "waybill"] })
  if (last.isNaming) return started(line)
  if (typeof last.end === "number")
    // By its name, since a line may set the numbered ones to something else.
    return started(`${line.slice(0, last.end)} "$WAYBILL_ARTIFACT"${line.slice(last.end)}`)
  return isNamed(tokens)
    ? started(line)
    : { refused: `${last.end}: the file could not be added as its last argument. Write "$1" where the file is to be` }
}

/**
 * A line of a shell that is to judge a file, as a program to start with the file as its last argument. The file becomes the last
 * argument of the line's last command, wherever that ends: before a comment, a `;`, a line's end. A line whose last pipeline says
 * `"$1"`, `"$@"` or `$WAYBILL_ARTIFACT` itself stays as it is.
 *
 * Refuses a line with no place for the file that does not say it either: it would judge nothing. Refuses as well what cannot be read
 * to its end, what leaves a command in the background, and what changes the names by which it says the file.
 */
export const verifyCommand = (line: string): VerifyCommand => {
  try {
    return commandOf(line)
  } catch (cause) {
    if (!(cause instanceof Unreadable)) throw cause
    return { refused: cause.message }
  }
}
