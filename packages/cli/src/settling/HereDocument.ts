/**
 * The text of a here-document, which stands behind the line that asks for it.
 *
 * @module
 */
import { Unreadable } from "./Unreadable.ts"

/** What the shell looks for in a document whose word is not quoted. `$X` alone runs nothing. */
const meaningful = /[`\\]|\$[({]/u

/** The index behind a document that begins at `from` and ends at a line that is `word`. Throws {@link Unreadable}. */
export const readHereDocument = (
  line: string,
  { from, isIndented, word }: { readonly from: number; readonly word: string; readonly isIndented: boolean },
): number => {
  if (!/^(?:[\w.-]+|'[\w.-]+'|"[\w.-]+"|\\[\w.-]+)$/u.test(word))
    throw new Unreadable("has a here-document whose end is not one plain word")
  const delimiter = word.replaceAll(/['"\\]/gu, "")
  for (let at = from; at < line.length;) {
    const newline = line.indexOf("\n", at)
    const end = newline < 0 ? line.length : newline
    const text = line.slice(at, end)
    if ((isIndented ? text.replace(/^\t+/u, "") : text) === delimiter) return Math.min(end + 1, line.length)
    if (delimiter === word && meaningful.test(text))
      throw new Unreadable(`has a here-document with what the shell would run in it. Write <<'${delimiter}'`)
    at = end + 1
  }
  throw new Unreadable("has a here-document that is not closed")
}
