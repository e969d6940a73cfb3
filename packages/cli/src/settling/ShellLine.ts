/**
 * A line for the shell, read as far as it takes to know where its last command ends, and where it says a parameter itself.
 *
 * @module
 */

/** A word as it is written, or an operator. A subshell in parentheses is one word; those of a function are an operator. */
export interface Token {
  readonly isWord: boolean
  readonly text: string
  /** Index behind its last character. */
  readonly end: number
  /** Whether the parameter is said in it, where the shell puts its value. */
  readonly isNaming: boolean
}

/** Why a line is not read to its end: the rest may be a quotation, or a comment, or anything else. */
export class Unreadable extends Error {}

const blanks = /(?:[ \t]|\\\n)+/uy
const operator = /\(\s*\)|;;|&&|\|\||<<<|>>|[<>]&|<>|>\||[\n;&|<>)]/uy

class Reader {
  readonly #line: string
  readonly #parameter: RegExp
  #at = 0
  #isNaming = false

  constructor(line: string, parameter: RegExp) {
    this.#line = line
    this.#parameter = parameter
  }

  #matches(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#line)?.[0]
  }

  #startsComment(): boolean {
    const before = this.#line[this.#at - 1] ?? " "
    return this.#line[this.#at] === "#" && /[\s;&|()<>]/u.test(before)
  }

  #comment(): void {
    const newline = this.#line.indexOf("\n", this.#at)
    this.#at = newline < 0 ? this.#line.length : newline
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
    if (next === "(") this.#nested("(", ")", false)
    else if (next === "{") this.#nested("{", "}", isQuoted)
    else if (next === "#") this.#at++
    // Shells differ about which quotation mark closes it.
    else if (next === "'" && !isQuoted && this.#quoted("'", false).endsWith("\\"))
      throw new Unreadable("has a quotation mark in $'…'")
  }

  /** Goes behind what closes the text that opens here. In double quotes single ones mean nothing. */
  #nested(opening: string, closing: string, isQuoted: boolean): void {
    for (this.#at++; this.#at < this.#line.length;) {
      const sign = this.#line[this.#at]
      if (sign === closing) {
        this.#at++
        return
      }
      if (opening !== "(") this.#one(isQuoted)
      else if (this.#startsComment()) this.#comment()
      else if (sign === "(") this.#nested("(", ")", false)
      else if (this.#line.startsWith("<<", this.#at)) throw new Unreadable("has a here-document")
      else this.#one(false)
    }
    throw new Unreadable(`has a ${opening} that is not closed`)
  }

  /** Goes behind one sign, or behind all that it quotes. */
  #one(isQuoted: boolean): void {
    const sign = this.#line[this.#at]
    if (sign === "\\") {
      this.#at += 2
      if (this.#at > this.#line.length) throw new Unreadable("ends in a backslash")
    } else if (sign === "$") this.#dollar(isQuoted)
    else if (sign === "`") this.#quoted("`", true)
    else if (sign === '"') this.#nested('"', '"', true)
    else if (sign === "'" && !isQuoted) this.#quoted("'", false)
    else this.#at++
  }

  /** The next token, or `undefined` at the line's end. Throws {@link Unreadable}. */
  next(): Token | undefined {
    this.#at += this.#matches(blanks)?.length ?? 0
    if (this.#startsComment()) this.#comment()
    const from = this.#at
    if (from >= this.#line.length) return undefined
    this.#isNaming = false
    const found = this.#matches(operator)
    if (found !== undefined) this.#at += found.length
    else if (this.#line[from] === "(") this.#nested("(", ")", false)
    else while (this.#at < this.#line.length && !/[\s;&|()<>]/u.test(this.#line[this.#at] ?? "")) this.#one(false)
    if (found === "<" && this.#line.startsWith("<<", from)) throw new Unreadable("has a here-document")
    const text = this.#line.slice(from, this.#at)
    return { isWord: found === undefined, text, end: this.#at, isNaming: this.#isNaming }
  }
}

/** The line's tokens, without its comments. `parameter` is sticky, and matches at the dollar sign of what is looked for. */
export function* shellTokens(line: string, parameter: RegExp): Generator<Token, void> {
  const reader = new Reader(line, parameter)
  for (let token = reader.next(); token !== undefined; token = reader.next()) yield token
}
