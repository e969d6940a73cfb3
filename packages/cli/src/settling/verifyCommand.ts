/**
 * The line of `--verify` as a command that is certain to be given the file.
 *
 * @module
 */
import type { Words } from "../Programs.ts"
import { shellTokens, type Token, Unreadable } from "./ShellLine.ts"

const variable = String.raw`WAYBILL_ARTIFACT(?!\w)`
/** How a line says the file. Within a function the numbered ones are the function's own. */
const said = new RegExp(String.raw`\$(?:[@*]|1(?!\d)|${variable}|\{(?:[@*]|1(?!\w)|${variable}))`, "uy")
const said_by_name = new RegExp(String.raw`\$\{?${variable}`, "uy")

const redirections: ReadonlySet<string> = new Set(["<", ">", ">>", "<&", ">&", "<>", ">|", "<<<"])
/** What stands before a command: what comes behind it would be run. */
const leads = /^(?:!|if|then|elif|else|while|until|do|time|\{|[A-Za-z_]\w*=.*)$/su
/** What ends a command that takes no more arguments. */
const closes = /^(?:\}|fi|done|esac|\]\]?|\(.*\))$/su

interface Pipeline {
  /** Index behind its last command; or why nothing can be put there. */
  readonly end: number | string
  readonly isNaming: boolean
  /** Nobody waits for its answer: the line ends well whatever it says. */
  readonly isLost?: boolean
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
  let isLost = false
  const close = () => {
    isLost &&= words.length === 0
    if (end !== undefined) last = { end: endOf(words, end), isNaming, isLost }
    words = []
    end = undefined
  }
  for (const [index, token] of tokens.entries()) {
    const { isWord, text } = token
    const before = tokens[index - 1]
    const isTarget = before !== undefined && redirections.has(before.text)
    if (isWord) {
      isNaming ||= token.isNaming
      end = token.end
      if (!isTarget) words.push(token)
    } else if (redirections.has(text)) {
      // A number right before it is no word of the command; without a target behind it there is no command.
      if (/^\d+$/u.test(before?.text ?? "") && before?.end === token.end - text.length) words.pop()
      if (tokens[index + 1]?.isWord !== true) words = []
      end = token.end
    } else if (text === ";" || text === "\n") {
      close()
      isNaming = false
    } else {
      isLost = text === "&"
      last = { end: isLost ? "ends in the background, where its answer is lost" : `ends in ${text}`, isNaming, isLost }
      words = []
      end = undefined
      if (text !== "|") isNaming = false
    }
  }
  close()
  return last
}

const read = (line: string, parameter: RegExp) => {
  const tokens: Array<Token> = []
  try {
    for (const token of shellTokens(line, parameter)) tokens.push(token)
  } catch (cause) {
    if (!(cause instanceof Unreadable)) throw cause
    const last: Pipeline = { end: cause.message, isNaming: false }
    return { tokens, last }
  }
  return { tokens, last: lastPipeline(tokens) }
}

export type VerifyCommand = { readonly command: Words } | { readonly refused: string }

/**
 * A line of a shell that is to judge a file, as a program to start with the file as its last argument. The file becomes the last
 * argument of the line's last command, wherever that ends: before a comment, a `;`, a line's end. A line whose last pipeline says
 * `"$1"`, `"$@"` or `$WAYBILL_ARTIFACT` itself stays as it is.
 *
 * Refuses a line with no place for the file that does not say it either: it would judge nothing.
 */
export const verifyCommand = (line: string): VerifyCommand => {
  const first = read(line, said)
  const definesFunction = first.tokens.some(({ isWord, text }) => (isWord ? text === "function" : text.startsWith("(")))
  const { last, tokens } = definesFunction ? read(line, said_by_name) : first
  const started = (text: string): VerifyCommand => ({ command: ["/bin/sh", "-c", text, "waybill"] })
  if (last.isLost === true)
    return {
      refused:
        "leaves its last command in the background, so that it would accept whatever it is given. Take the & away",
    }
  if (last.isNaming) return started(line)
  if (typeof last.end === "number")
    // By its name, since a line may set the numbered ones to something else.
    return started(`${line.slice(0, last.end)} "$WAYBILL_ARTIFACT"${line.slice(last.end)}`)
  return tokens.some(({ isNaming }) => isNaming)
    ? started(line)
    : { refused: `${last.end}: the file could not be added as its last argument. Write "$1" where the file is to be` }
}
