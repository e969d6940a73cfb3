/**
 * The commands of a line, and those that make it something else than what it looks like.
 *
 * @module
 */
import type { Token } from "./ShellLine.ts"

const redirections: ReadonlySet<string> = new Set(["<", ">", ">>", "<&", ">&", "<>", ">|", "<<", "<<-", "<<<"])
export const isRedirection = ({ isWord, text }: Token): boolean => !isWord && redirections.has(text)

/** What stands before a command: what comes behind it would be run. */
export const leads = /^(?:!|if|then|elif|else|while|until|do|time|\{|[A-Za-z_]\w*=.*)$/su
/** Programs of the shell that start another one by its name. */
const prefixes: ReadonlySet<string> = new Set(["command", "builtin", "exec"])

/** A list of tokens, and all those in its substitutions and parentheses. */
export const scriptsIn = (tokens: ReadonlyArray<Token>): ReadonlyArray<ReadonlyArray<Token>> => [
  tokens,
  ...tokens.flatMap(({ scripts }) => scripts.flatMap(scriptsIn)),
]

/** As the shell knows a word when its quotation marks are off. */
const bare = (word: string): string => word.replaceAll(/["'\\]/gu, "")

/** Program and arguments of each command of one script, without its redirections. */
const commandsIn = (tokens: ReadonlyArray<Token>): ReadonlyArray<ReadonlyArray<string>> => {
  const commands: Array<ReadonlyArray<string>> = []
  let words: Array<string> = []
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1]
    if (isRedirection(token) || (before !== undefined && isRedirection(before))) continue
    if (!token.isWord) {
      commands.push(words)
      words = []
    } else if (words.length > 0 || !(leads.test(token.text) || prefixes.has(bare(token.text)))) {
      words.push(bare(token.text))
    }
  }
  return [...commands, words]
}

/** Whether `set` gets anything but options: that becomes the line's arguments. */
const setsParameters = (args: ReadonlyArray<string>): boolean => {
  let isValue = false
  for (const arg of args) {
    if (isValue) isValue = false
    else if (!/^[-+][A-Za-z]+$/u.test(arg)) return true
    else isValue = arg.endsWith("o")
  }
  return false
}

/** What of a line changes what its `"$1"` is. */
export const movesParameters = (tokens: ReadonlyArray<Token>): string | undefined =>
  scriptsIn(tokens)
    .flatMap(commandsIn)
    .find(([name, ...args]) => name === "shift" || (name === "set" && setsParameters(args)))?.[0]

/** Those of a function's name. */
const isDefining = ({ isWord, text }: Token): boolean => !isWord && text.startsWith("(")

export const definesFunction = (tokens: ReadonlyArray<Token>): boolean =>
  scriptsIn(tokens)
    .flat()
    .some((token) => isDefining(token) || (token.isWord && token.text === "function"))

/** Why no reading of a line could be believed, whatever else is in it. */
export const refuseCommands = (tokens: ReadonlyArray<Token>): string | undefined => {
  for (const script of scriptsIn(tokens)) {
    const sign = script.find(({ isWord, text }) => !isWord && (text === "&" || text === "&>"))?.text
    if (sign === "&>")
      return "has &>, which sh reads as a command in the background, whose answer is lost. Write >/dev/null 2>&1"
    if (sign === "&")
      return "leaves a command in the background, where its answer is lost: it would accept whatever it is given. Take the & away"
    if (script.some(({ isWord, text }) => isWord && /^WAYBILL_ARTIFACT(?:\+?=|$)/u.test(bare(text))))
      return "changes WAYBILL_ARTIFACT, which names the file that is to be judged"
    const body = script.slice(script.findIndex(isDefining)).find((token) => !isDefining(token) && token.text !== "\n")
    // A command as a body, which some shells take, looks like one that is run.
    if (script.some(isDefining) && body?.text !== "{") return "has a function whose body is not in { }"
    if (commandsIn(script).some(([name]) => name === "eval"))
      return "has an eval: what that runs cannot be read here. Write it as a line, or put it into a script"
  }
  return undefined
}
