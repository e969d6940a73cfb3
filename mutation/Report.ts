/**
 * What Stryker's report says: a score per package and file, and the mutants that nobody noticed.
 *
 * @module
 */

interface Place {
  readonly line: number
  readonly column: number
}

interface Mutant {
  readonly mutatorName: string
  readonly replacement?: string
  readonly status: string
  readonly location: { readonly start: Place; readonly end: Place }
}

export interface MutationReport {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: ReadonlyArray<Mutant> }>>
}

export interface Score {
  readonly name: string
  readonly killed: number
  /** Endless loops and threads that died: noticed too. */
  readonly timeout: number
  readonly survived: number
  readonly uncovered: number
  /** Percent. */
  readonly score: number
}

const scoreOf = (name: string, mutants: ReadonlyArray<Mutant>): Score => {
  const count = (status: string) => mutants.filter((mutant) => mutant.status === status).length
  const [killed, timeout, survived, uncovered] = [
    count("Killed"),
    count("Timeout"),
    count("Survived"),
    count("NoCoverage"),
  ]
  const all = killed + timeout + survived + uncovered
  return { name, killed, timeout, survived, uncovered, score: all === 0 ? 100 : ((killed + timeout) / all) * 100 }
}

/** The scores of every file, by name; then that of the whole. */
export const scoresOf = (
  name: string,
  { files }: MutationReport,
): { readonly whole: Score; readonly parts: ReadonlyArray<Score> } => ({
  whole: scoreOf(
    name,
    Object.values(files).flatMap(({ mutants }) => mutants),
  ),
  parts: Object.entries(files)
    .map(([path, { mutants }]) => scoreOf(path.slice(path.indexOf("src/") + "src/".length), mutants))
    .toSorted((a, b) => a.name.localeCompare(b.name, "en")),
})

const columns = ["score", "killed", "timeout", "survived", "uncovered"] as const

const row = (name: string, cells: ReadonlyArray<string>): string =>
  `${name.padEnd(28)}${cells.map((cell) => cell.padStart(10)).join("")}`

const scoreRow = (score: Score, indent: string): string =>
  row(
    `${indent}${score.name}`,
    columns.map((column) => (column === "score" ? score.score.toFixed(1) : String(score[column]))),
  )

/** The table that is printed: each package, then its files. */
export const table = (all: ReadonlyArray<ReturnType<typeof scoresOf>>): string =>
  [
    row("", columns),
    ...all.flatMap(({ parts, whole }) => [scoreRow(whole, ""), ...parts.map((part) => scoreRow(part, "  "))]),
  ].join("\n")

const excerpt = (source: string, { end, start }: Mutant["location"]): string => {
  const lines = source.split("\n").slice(start.line - 1, end.line)
  const last = lines.length - 1
  const cut = lines.map((line, i) =>
    line.slice(i === 0 ? start.column - 1 : 0, i === last ? end.column - 1 : undefined),
  )
  return cut.join("\n")
}

/** Every mutant that survived or that no test reached: where it is, what was there, what stood there instead. */
export const survivors = ({ files }: MutationReport): string =>
  Object.entries(files)
    .flatMap(([path, { mutants, source }]) =>
      mutants
        .filter(({ status }) => status === "Survived" || status === "NoCoverage")
        .map((mutant) => {
          const { line } = mutant.location.start
          const context = (source.split("\n")[line - 1] ?? "").trim()
          const before = excerpt(source, mutant.location)
          return `${path}:${line} ${mutant.status} ${mutant.mutatorName}\n    ${context}\n  - ${before}\n  + ${mutant.replacement ?? ""}\n`
        }),
    )
    .join("\n")
