/**
 * The laws as a page of documentation.
 *
 * @module
 */
import type { Law } from "./Law.ts"
import { all_levels, kindOf, law_kinds, levels, type LawKind } from "./LawKind.ts"

export type DescribedLaw = Pick<Law<never>, "id" | "statement" | "violation" | "level" | "source">

const paragraphs = ({ id, level, source, statement, violation }: DescribedLaw): ReadonlyArray<string> => {
  const where = [source, level === undefined ? undefined : `level ${level}`].filter((each) => each !== undefined)
  return [
    "",
    `### ${id}`,
    "",
    statement + (where.length === 0 ? "" : ` (${where.join("; ")})`),
    "",
    `Broken in practice by: ${violation}`,
  ]
}

const kinds = Object.keys(law_kinds) as ReadonlyArray<LawKind>

/** A page in Markdown with every law: its number, what it promises, where that is written, and how it is broken in practice. */
export const lawsPage = (laws: ReadonlyArray<DescribedLaw>): string =>
  [
    "# Laws",
    "",
    "Every guarantee that can be checked, by number. This page is made from the laws themselves:",
    "",
    "```sh",
    "npx vitest run --config vitest.workspace.ts --project conformance laws-page -u",
    "```",
    "",
    "A server that speaks JobSpec v0 claims a level. A law with a level has to hold for that level and for those above it.",
    "",
    ...all_levels.map((level) => `- **Level ${level}, ${levels[level].name}.** ${levels[level].about}`),
    ...kinds.flatMap((kind) => {
      const these = laws.filter(({ id }) => kindOf(id) === kind)
      if (these.length === 0) return []
      return ["", `## ${law_kinds[kind].title}`, "", law_kinds[kind].about, ...these.flatMap(paragraphs)]
    }),
    "",
  ].join("\n")
