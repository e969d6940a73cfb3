/** One fenced block of a Markdown page: "```ts file=a.ts" has the language `ts` and the words `["file=a.ts"]`. */
export interface Fence {
  readonly language: string
  readonly words: ReadonlyArray<string>
  /** Without the fence lines and without the fence's own indentation. */
  readonly text: string
  /** Line of the opening fence, from 1; the text starts on the next. */
  readonly line: number
  /** Nothing but blank lines stands between this block and the one before. */
  readonly follows: boolean
}

/** The fenced blocks of a page in order, as CommonMark reads them; a block that is never closed ends with the page. */
export const parseFences = (markdown: string): ReadonlyArray<Fence> => {
  const fences: Array<Fence> = []
  let open: { readonly mark: string; readonly indent: number; readonly info: string; readonly line: number } | undefined
  let body: Array<string> = []
  let quiet = false
  const close = () => {
    if (open === undefined) return
    const [language = "", ...words] = open.info.split(/\s+/)
    fences.push({ language, words, text: body.map((line) => `${line}\n`).join(""), line: open.line, follows: quiet })
    open = undefined
    body = []
    quiet = true
  }
  for (const [index, line] of markdown.split(/\r?\n/).entries()) {
    const [, indent = "", mark = "", info = ""] = /^( *)(`{3,}|~{3,})(.*)$/.exec(line) ?? []
    if (open === undefined) {
      if (mark !== "" && !(mark.startsWith("`") && info.includes("`"))) {
        open = { mark, indent: indent.length, info: info.trim(), line: index + 1 }
      } else if (line.trim() !== "") quiet = false
    } else if (mark.startsWith(open.mark) && info.trim() === "") close()
    else body.push(line.replace(new RegExp(`^ {0,${open.indent}}`), ""))
  }
  close()
  return fences
}
