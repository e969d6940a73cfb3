/**
 * Words as they are typed in a shell.
 *
 * @module
 */

// A word that begins with = is a path to a program in zsh.
const plain_word = /^[\w./:@%+,-][\w./:@%+=,-]*$/u

/** A word as a shell takes it for exactly this text: as it is where that is safe, else in single quotation marks. */
export const shellWord = (text: string): string => (plain_word.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/**
 * A command line about one thing, which names exactly that: the words of the command, the id, the flags. An id that could be
 * taken for a flag stands last, behind `--`.
 *
 * @example lineAbout(["tool", "job", "status"], "a b", ["--root", "/x"]) // tool job status 'a b' --root /x
 */
export const lineAbout = (words: ReadonlyArray<string>, id: string, flags: ReadonlyArray<string> = []): string =>
  (id.startsWith("-") ? [...words, ...flags, "--", id] : [...words, id, ...flags]).map(shellWord).join(" ")
