/**
 * Run by itself (`node --conditions=@waybill/source`): starts every server that is wrong on purpose, lets the law that speaks of it
 * look at it at the kit's default settings, and writes what came of it as a page. With numbers of laws as words only theirs are looked
 * at again, and the other rows are kept.
 */
import { checkServer } from "@waybill/conformance"
import { readFileSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { withBrokenProgram } from "./brokenProgram.ts"
import type { BrokenServer } from "./BrokenServer.ts"
import { brokenServers, patchesOf } from "./brokenServers.ts"

const page = new URL("../../../../docs/reference/broken-servers-outcomes.md", import.meta.url)
const reason_max = 110

/** What a law said, without what is another with each run. */
const said = (reason: string): string => {
  const line = reason
    .replaceAll(/wb-[\da-f]{8}-\d+-/gu, "…")
    .replaceAll(/http:\/\/[\w.:]+/gu, "$URL")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/gu, "…")
    .replaceAll(/(?:\/[\w.-]+){2,}\/(?=[\w.-]+)/gu, (path) => (/^\/(?:tmp|var|home)\//u.test(path) ? "…/" : path))
    .replaceAll(/\s+/gu, " ")
  const short = line.length > reason_max ? `${line.slice(0, reason_max)}…` : line
  return short.replaceAll(/[|`<>*_\\]/gu, (character) => `\\${character}`)
}

const rowOf = async (broken: BrokenServer): Promise<string> => {
  let row = ""
  await withBrokenProgram(patchesOf(broken), async (target) => {
    const { laws } = await checkServer(target, { only: [broken.law], seed: 1 })
    const [law] = laws
    const { status } = law?.verdict ?? { status: "missing" }
    const why = law?.verdict.status === "fail" ? said(law.verdict.reason) : ""
    const cells = [broken.law, broken.name, status === "fail" ? "rejected" : status, why, law?.requests.length ?? 0]
    row = `| ${[...cells, ((law?.took_ms ?? 0) / 1000).toFixed(1)].join(" | ")} |`
  })
  console.log(row)
  return row
}

/** The row that the page has of a server by now. */
const kept = ({ law, name }: BrokenServer): string | undefined =>
  readFileSync(page, "utf8")
    .split("\n")
    .find((line) => {
      const [, id, it] = line.split("|").map((cell) => cell.trim())
      return id === law && it === name
    })

const again = process.argv.slice(2)
const isKept = (broken: BrokenServer): boolean => again.length > 0 && !again.includes(broken.law)
const order = brokenServers.toSorted((a, b) => (a.law < b.law ? -1 : a.law > b.law ? 1 : 0))
const left = order.filter((broken) => !isKept(broken))
const rows = new Map(order.filter(isKept).map((broken) => [broken, kept(broken) ?? ""]))
await Promise.all(
  Array.from({ length: Math.min(2, availableParallelism()) }, async () => {
    for (let broken = left.shift(); broken !== undefined; broken = left.shift()) rows.set(broken, await rowOf(broken))
  }),
)
writeFileSync(
  page,
  [
    "# What came of servers that are wrong on purpose",
    "",
    "Each [server that is wrong on purpose](broken-servers.md), looked at by the law that speaks of it at default settings: the verdict,",
    "what the law said, how many requests it printed to show it, and how many seconds it took. Made by",
    "",
    "```sh",
    "node --conditions=@waybill/source packages/conformance/test/support/tableOfBrokenServers.ts",
    "```",
    "",
    "| law | it | verdict | what the law said | requests | seconds |",
    "| --- | --- | --- | --- | ---: | ---: |",
    ...order.map((broken) => rows.get(broken) ?? ""),
    "",
  ].join("\n"),
)
