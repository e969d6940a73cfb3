/**
 * A line for the shell, read as far as it takes to know which commands are in it, where its last one ends, and where it says a
 * parameter itself.
 *
 * @module
 */
import { readHereDocument } from "./HereDocument.ts"
import { Unreadable } from "./Unreadable.ts"

/** A word as it is written, or an operator. A subshell in parentheses is one word; those of a function are an operator. */
export interface Token {
  readonly isWord: boolean
  readonly text: string
  /** Index behind its last character. */
  readonly end: number
  /** Whether the parameter is said in it, where the shell puts its value. */
  readonly isNaming: boolean
  /** What the shell runs to have the word: its substitutions, and what is in parentheses. */
  readonly scripts: ReadonlyArray<ReadonlyArray<Token>>
}

/** Deeper ones are nobody's; without a limit they would end the reader's stack. */
const depth_max = 64

// A backslash joins lines before anything else is read, also the two signs of one operator.
const blanks = /(?:[ \t]|(?<=[ \t\n])\\\n)+/uy
const operator = /\([ \t]*\)|;;|&&|&>|\|\||<<<|<<-?|>>|[<>]&|<>|>\||[\n;&|<>)]/uy
/** What can be nothing but a sum. */
const arithmetic = /\(\([^()'"`#\\]*\)\)/uy
const ends_word = " \t\n;&|()<>"

/** What looks like a blank, or like nothing, and belongs to a word all the same. */
const looks_blank = /[^\S \t\n]|[\u0085\u200b\u2060]/u
const sign_names: ReadonlyMap<string, string> = new Map([
  ["\r", "a carriage return"],
  ["\u00a0", "a no-break space"],
  ["\ufeff", "a byte order mark"],
])

const refuseLookalike = (sign = ""): void => {
  if (!looks_blank.test(sign)) return
  const code = `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`
  const name = sign_names.get(sign)
  const where = sign === "\r" ? ", as at the end of lines that were pasted from a CRLF file" : ""
  throw new Unreadable(
    `has ${name === undefined ? code : `${name} (${code})`} outside quotation marks${where}. sh takes it for part of a word. Take it out, or write a space`,
  )
}

class Reader {
  readonly #line: string
  readonly #parameter: RegExp
  readonly #depth: number
  #at = 0
  #isNaming = false
  #scripts: Array<ReadonlyArray<Token>> = []
  /** Here-documents that begin behind the next newline. */
  #awaited: Array<Token & { readonly isIndented: boolean }> = []
  #previous: string | undefined

  constructor(line: string, parameter: RegExp, depth: number) {
    if (depth > depth_max) throw new Unreadable(`is nested more than ${depth_max} deep. Put it into a script`)
    this.#line = line
    this.#parameter = parameter
    this.#depth = depth
  }

  #matches(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#line)?.[0]
  }

  /** Goes behind the next such sign, and answers what is between: text that this shell does not look at. */
  #quoted(sign: string, isEscapable: boolean): string {
    const from = ++this.#at
    for (; this.#at < this.#line.length; this.#at++) {
      if (isEscapable && this.#line[this.#at] === "\\") this.#at++
      else if (this.#line[this.#at] === sign) return this.#line.slice(from, this.#at++)
    }
    throw new Unreadable(`has a ${sign} that is not closed`)
  }

  #dollar(isQuoted: boolean): void {
    if (this.#matches(this.#parameter) !== undefined) this.#isNaming = true
    const next = this.#line[++this.#at]
    if (this.#line.startsWith("((", this.#at)) this.#arithmetic()
    else if (next === "(") this.#parentheses()
    else if (next === "{") this.#braces(isQuoted)
    else if (next === "#") this.#at++
    else if (this.#line.startsWith("\\\n", this.#at)) throw new Unreadable("continues on another line behind a $")
    // Shells differ about which quotation mark closes it.
    else if (next === "'" && !isQuoted && this.#quoted("'", false).endsWith("\\"))
      throw new Unreadable("has a quotation mark in $'…'")
  }

  /** A script of its own, read by a reader of its own. Answers the index behind it, there. */
  #script(text: string, isEnclosed: boolean): number {
    const reader = new Reader(text, this.#parameter, this.#depth + 1)
    const tokens: Array<Token> = []
    for (let token = reader.next(); token !== undefined; token = reader.next()) {
      // The parenthesis behind a pattern would be taken for the one that closes.
      if (isEnclosed && token.text === "case")
        throw new Unreadable(
          "has a case in parentheses, where it is not known which one closes them. Write it on its own, or into a script",
        )
      if (isEnclosed && !token.isWord && token.text === ")") {
        this.#contains(tokens)
        return token.end
      }
      tokens.push(token)
    }
    if (isEnclosed) throw new Unreadable("has a ( that is not closed")
    this.#contains(tokens)
    return text.length
  }

  #contains(tokens: ReadonlyArray<Token>): void {
    this.#scripts.push(tokens)
    this.#isNaming ||= tokens.some(({ isNaming }) => isNaming)
  }

  #arithmetic(): void {
    const sum = this.#matches(arithmetic)
    if (sum === undefined)
      throw new Unreadable(
        "has more than a plain sum in $((…)). Keep the parts in variables, or write $( (…) ) for commands",
      )
    this.#at += sum.length
  }

  #parentheses(): void {
    if (this.#line.startsWith("((", this.#at))
      throw new Unreadable("has ((, a sum for some shells and a command for others. Write ( (")
    const from = this.#at + 1
    this.#at = from + this.#script(this.#line.slice(from), true)
  }

  #backticks(isQuoted: boolean): void {
    const text = this.#quoted("`", true)
    this.#script(text.replace(isQuoted ? /\\([\\$`"])/gu : /\\([\\$`])/gu, "$1"), false)
  }

  /** In double quotes, and in braces within them, single ones mean nothing. */
  #doubleQuotes(): void {
    for (this.#at++; this.#at < this.#line.length;) {
      if (this.#line[this.#at] === '"') {
        this.#at++
        return
      }
      this.#one(true)
    }
    throw new Unreadable('has a " that is not closed')
  }

  #braces(isQuoted: boolean): void {
    // Behind these, single quotes mean something again to some shells.
    const isPattern = isQuoted && /^\{\w*[#%/]/u.test(this.#line.slice(this.#at, this.#at + 64))
    for (this.#at++; this.#at < this.#line.length;) {
      if (this.#line[this.#at] === "}") {
        this.#at++
        return
      }
      if (isPattern && this.#line[this.#at] === "'")
        throw new Unreadable(
          "has a ' in a pattern in double quotes, which shells read differently. Put the pattern into a variable",
        )
      this.#one(isQuoted)
    }
    throw new Unreadable("has a { that is not closed")
  }

  /** Goes behind one sign, or behind all that it quotes. */
  #one(isQuoted: boolean): void {
    const sign = this.#line[this.#at]
    if (!isQuoted) refuseLookalike(sign)
    if (sign === "\\") {
      const escaped = this.#line[this.#at + 1]
      if (escaped === undefined) throw new Unreadable("ends in a backslash")
      if (!isQuoted) refuseLookalike(escaped)
      if (!isQuoted && escaped === "\n")
        throw new Unreadable("continues on another line within a word. Write a space in front of the backslash")
      this.#at += 2
    } else if (sign === "$") this.#dollar(isQuoted)
    else if (sign === "`") this.#backticks(isQuoted)
    else if (sign === '"') this.#doubleQuotes()
    else if (sign === "'" && !isQuoted) this.#quoted("'", false)
    else this.#at++
  }

  #hereDocuments(): void {
    for (const { isIndented, text } of this.#awaited) {
      this.#at = readHereDocument(this.#line, { from: this.#at, word: text, isIndented })
    }
    this.#awaited = []
  }

  /** The next token, or `undefined` at the line's end. Throws {@link Unreadable}. */
  next(): Token | undefined {
    this.#at += this.#matches(blanks)?.length ?? 0
    if (this.#line[this.#at] === "#") {
      const newline = this.#line.indexOf("\n", this.#at)
      this.#at = newline < 0 ? this.#line.length : newline
    }
    const from = this.#at
    if (from >= this.#line.length) {
      if (this.#awaited.length > 0) throw new Unreadable("has a here-document that is not closed")
      return undefined
    }
    this.#isNaming = false
    this.#scripts = []
    const found = this.#matches(operator)
    if (found !== undefined) this.#at += found.length
    else if (this.#line[from] === "(") this.#parentheses()
    else while (this.#at < this.#line.length && !ends_word.includes(this.#line[this.#at] ?? "")) this.#one(false)
    const text = found ?? this.#line.slice(from, this.#at)
    if (found?.startsWith("<<") === true && found !== "<<<" && this.#depth > 0)
      throw new Unreadable("has a here-document in parentheses or backticks. Write it outside of them")
    const token = { isWord: found === undefined, text, end: this.#at, isNaming: this.#isNaming, scripts: this.#scripts }
    if (token.isWord && (this.#previous === "<<" || this.#previous === "<<-"))
      this.#awaited.push({ ...token, isIndented: this.#previous === "<<-" })
    if (found === "\n") this.#hereDocuments()
    this.#previous = found
    return token
  }
}

/** The line's tokens, without its comments. `parameter` is sticky, and matches at the dollar sign of what is looked for. */
export function* shellTokens(line: string, parameter: RegExp): Generator<Token, void> {
  const reader = new Reader(line, parameter, 0)
  for (let token = reader.next(); token !== undefined; token = reader.next()) yield token
}
