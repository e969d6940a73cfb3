/**
 * The laws as a page of documentation.
 *
 * @module
 */
import type { Law } from "./Law.ts"

/** One kit's laws under a heading. */
export interface LawsSection {
  readonly title: string
  readonly laws: ReadonlyArray<Pick<Law<never>, "id" | "statement" | "violation">>
}

/** A page in Markdown with every law: its number, what it promises, and how it is broken in practice. */
export const lawsPage = (sections: ReadonlyArray<LawsSection>): string =>
  [
    "# Laws",
    "",
    "Every guarantee that can be checked, by number. This page is made from the laws themselves:",
    "",
    "```sh",
    "npx vitest run --config vitest.workspace.ts --project conformance laws-page -u",
    "```",
    ...sections.flatMap(({ laws, title }) => [
      "",
      `## ${title}`,
      ...laws.flatMap(({ id, statement, violation }) => [
        "",
        `### ${id}`,
        "",
        statement,
        "",
        `Broken in practice by: ${violation}`,
      ]),
    ]),
    "",
  ].join("\n")
