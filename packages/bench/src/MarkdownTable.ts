const cell = (text: string): string => text.replaceAll("|", "\\|")

/** A table as the formatter would lay it out, the first row its head: `texts` columns to the left, figures to the right. */
export const markdownTable = (rows: ReadonlyArray<ReadonlyArray<string>>, texts: number): string => {
  const cells = rows.map((row) => row.map(cell))
  const widths = (cells[0] ?? []).map((_, column) => Math.max(3, ...cells.map((row) => (row[column] ?? "").length)))
  const line = (row: ReadonlyArray<string>): string =>
    `| ${row.map((text, column) => (column < texts ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join(" | ")} |`
  const rule = widths.map((width, column) => (column < texts ? "-".repeat(width) : `${"-".repeat(width - 1)}:`))
  const [head = [], ...rest] = cells
  return [line(head), line(rule), ...rest.map(line)].join("\n")
}
