import { type Fence, parseFences } from "./Fence.ts"

/** A page of the documentation; `path` is relative to the repository. */
export interface Page {
  readonly path: string
  readonly text: string
}

/** A block that is checked. `at` is `<page>:<line of its fence>`. */
export interface Snippet {
  readonly at: string
  readonly page: string
  readonly line: number
  readonly text: string
  readonly kind: "ts" | "sh"
  /** Name it is written under, for TypeScript: what `file=` says, or one made from the line. */
  readonly file: string
  /** `no-run` blocks are type-checked only. */
  readonly run: boolean
  readonly output: { readonly language: string; readonly text: string } | undefined
}

const isTypeScript = ({ language }: Fence) => language === "ts" || language === "typescript"
const isOutput = ({ words }: Fence) => words.includes("output")

/**
 * What a page promises, and the mistakes in how it says so.
 *
 * "```ts" is type-checked and run; `no-run` leaves it at the types, `file=<name>.ts` names it for later blocks of the
 * page. "```sh run" is run. A block with the word `output` directly after either is what it prints.
 */
export const readPage = ({
  path,
  text,
}: Page): { readonly snippets: ReadonlyArray<Snippet>; readonly problems: ReadonlyArray<string> } => {
  const fences = parseFences(text)
  const problems: Array<string> = []
  const files = new Set<string>()
  const snippets = fences.flatMap((fence, index): ReadonlyArray<Snippet> => {
    const at = `${path}:${fence.line}`
    const before = fences[index - 1]
    const after = fences[index + 1]
    if (isOutput(fence)) {
      const promised = before !== undefined && fence.follows && !isOutput(before)
      const printed =
        promised && (isTypeScript(before) ? !before.words.includes("no-run") : before.words.includes("run"))
      if (!printed) problems.push(`${at}: output does not stand directly after a block that is run`)
      return []
    }
    const ts = isTypeScript(fence)
    const sh = fence.language === "sh" && fence.words.includes("run")
    if (!ts && !sh) return []
    const named = fence.words.find((word) => word.startsWith("file="))?.slice("file=".length)
    const file = named ?? `line-${fence.line}.ts`
    const strange = fence.words.filter((word) => !(ts ? /^(no-run|file=.*)$/ : /^run$/).test(word))
    if (strange.length > 0) problems.push(`${at}: "${strange.join(" ")}" means nothing here`)
    if (ts && (!/^[\w-][\w.-]*\.ts$/.test(file) || files.has(file))) {
      problems.push(`${at}: file=${file} is not a new name of a .ts file in one folder`)
      return []
    }
    if (ts) files.add(file)
    const output =
      after !== undefined && after.follows && isOutput(after)
        ? { language: after.language, text: after.text }
        : undefined
    const run = sh || !fence.words.includes("no-run")
    return [{ at, page: path, line: fence.line, text: fence.text, kind: ts ? "ts" : "sh", file, run, output }]
  })
  return { snippets, problems }
}

/** What is wrong with what a snippet printed; undefined when it keeps its promise. JSON is compared as values. */
export const compareOutput = ({ at, output }: Snippet, stdout: string): string | undefined => {
  if (output === undefined) return undefined
  const canonical = (text: string) => {
    if (output.language !== "json") return text.trimEnd()
    try {
      return JSON.stringify(JSON.parse(text), null, 2)
    } catch {
      return text.trimEnd()
    }
  }
  const [promised, printed] = [canonical(output.text), canonical(stdout)]
  return promised === printed
    ? undefined
    : `${at}: prints something else than the page says\n--- the page\n${promised}\n--- printed\n${printed}`
}
