/**
 * Run by itself (`node --conditions=@waybill/source`): runs the kit once against our own server on files and once in PostgreSQL, at
 * default settings, and writes the two reports of the documentation. With a seed as its word that one is drawn from.
 */
import { reportHtml } from "@waybill/conformance"
import { writeFileSync } from "node:fs"
import { cleanRuns, type LedgerPlace } from "./cleanRuns.ts"

const pages: ReadonlyArray<readonly [where: LedgerPlace, page: string]> = [
  ["files", "conformance-on-files.html"],
  ["PostgreSQL", "conformance-on-postgres.html"],
]
const first_seed = Number(process.argv[2] ?? 1)

for (const [where, page] of pages) {
  const [run] = await cleanRuns(where, { runs: 1, at_once: 1, first_seed, say: (line) => console.log(line) })
  if (run?.report === undefined || run.flaws.length > 0) {
    process.exitCode = 1
    continue
  }
  writeFileSync(new URL(`../../../../docs/reference/${page}`, import.meta.url), reportHtml(run.report))
}
