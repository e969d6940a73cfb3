import { posix } from "node:path"
import { Visitor, parseSync } from "vite"

/** A module specifier as it stands in a file; `typeOnly` imports are erased and load nothing. */
export interface Import {
  readonly specifier: string
  readonly line: number
  readonly typeOnly: boolean
}

/** A parsed TypeScript file. `path` is relative to the repository, with forward slashes. */
export interface SourceFile {
  readonly path: string
  readonly text: string
  readonly imports: ReadonlyArray<Import>
  /** Text of each comment without its marks, and where it starts. */
  readonly comments: ReadonlyArray<{ readonly value: string; readonly start: number }>
  readonly lineOf: (offset: number) => number
  /** Walks the syntax tree; the visitor's keys are node types (`CallExpression`). */
  readonly visit: (visitor: ConstructorParameters<typeof Visitor>[0]) => void
}

/** Parses one file; throws, naming it, when it is not TypeScript. */
export const parseSource = (path: string, text: string): SourceFile => {
  const { comments, errors, program } = parseSync(path, text)
  const [error] = errors
  if (error !== undefined) throw new Error(`${path} cannot be parsed: ${error.message}`)

  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
  const lineOf = (offset: number) => starts.findLastIndex((start) => start <= offset) + 1
  const visit: SourceFile["visit"] = (visitor) => new Visitor(visitor).visit(program)

  const imports: Array<Import> = []
  const add = (at: number, specifier: string, typeOnly: boolean) =>
    imports.push({ specifier, line: lineOf(at), typeOnly })
  visit({
    ImportDeclaration: (node) => add(node.start, node.source.value, node.importKind === "type"),
    ExportAllDeclaration: (node) => add(node.start, node.source.value, node.exportKind === "type"),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) add(node.start, node.source.value, node.exportKind === "type")
    },
    ImportExpression: (node) => {
      if (node.source.type === "Literal" && typeof node.source.value === "string") {
        add(node.start, node.source.value, false)
      }
    },
    TSImportType: (node) => add(node.start, node.source.value, true),
  })
  return { path, text, imports, comments, lineOf, visit }
}

/** The package a bare specifier names: `@waybill/ledger/guard` → `@waybill/ledger`; undefined for files and `node:`. */
export const packageNameOf = (specifier: string): string | undefined => {
  if (/^[./#]|^node:/.test(specifier)) return undefined
  const [first = "", second] = specifier.split("/")
  return first.startsWith("@") && second !== undefined ? `${first}/${second}` : first
}

/** The repository path that a relative specifier in `path` names; undefined for every other specifier. */
export const fileNamedBy = (path: string, specifier: string): string | undefined =>
  specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : undefined
