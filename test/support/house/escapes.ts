import type { SourceFile } from "./SourceFile.ts"

const switchable = new Set([
  "it",
  "test",
  "describe",
  "suite",
  "bench",
  "context",
  "ctx",
  "effect",
  "live",
  "prop",
  "concurrent",
])

/** Ways round the type checker and the tests: `as any`, `as unknown as`, `@ts-ignore`, tests that are skipped or alone. */
export const checkEscapes = (file: SourceFile): ReadonlyArray<string> => {
  const found: Array<{ readonly at: number; readonly what: string }> = []
  file.visit({
    TSAnyKeyword: (node) => found.push({ at: node.start, what: "the type any" }),
    TSAsExpression: (node) => {
      if (node.expression.type === "TSAsExpression" && node.expression.typeAnnotation.type === "TSUnknownKeyword") {
        found.push({ at: node.start, what: "as unknown as" })
      }
    },
    MemberExpression: (node) => {
      if (node.computed || node.property.type !== "Identifier") return
      const { name } = node.property
      const of =
        node.object.type === "Identifier"
          ? node.object.name
          : node.object.type === "MemberExpression" && node.object.property.type === "Identifier"
            ? node.object.property.name
            : ""
      if (["only", "skip", "todo"].includes(name) && switchable.has(of)) {
        found.push({ at: node.start, what: `.${name} on a test` })
      }
    },
  })
  for (const { start, value } of file.comments) {
    const [, directive] = /^[\s*]*@(ts-ignore|ts-nocheck|ts-expect-error)\b/.exec(value) ?? []
    // A test may prove that something does not compile; the directive is an error as soon as it does.
    if (directive === undefined || (directive === "ts-expect-error" && /(^|\/)test\//.test(file.path))) continue
    found.push({ at: start, what: `@${directive}` })
  }
  return found
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, what }) => `${file.path}:${file.lineOf(at)}: ${what} is not allowed`)
}
