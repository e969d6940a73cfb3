/** A word of a shell command, quoted where the shell would take it apart. */
export const word = (text: string): string =>
  /^[\w./:@%+=-]+$/u.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
