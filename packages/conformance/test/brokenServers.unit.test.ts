import { serverLaws } from "@waybill/conformance"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { brokenServers, patchesOf } from "./support/brokenServers.ts"
import { patchedProgram } from "./support/patchedProgram.ts"
import { applied } from "./support/patches.ts"

const packages = join(import.meta.dirname, "../..")

it.each(brokenServers.map((broken) => [broken.name, broken] as const))("the patch still applies: %s", (_, broken) => {
  for (const patch of patchesOf(broken)) {
    const source = readFileSync(join(packages, patch.file), "utf8")
    expect(applied(patch, source)).not.toBe(source)
  }
})

it("every law of servers has a server that it must reject, and none is named that does not exist", async () => {
  const ids = (await serverLaws()).map(({ id }) => id)
  expect([...new Set(brokenServers.map(({ law }) => law))].toSorted()).toEqual(ids)
})

it("no two broken servers have one name", () => {
  const names = brokenServers.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

it("the page of broken servers is what the patches say", async () => {
  const rows = brokenServers
    .toSorted((a, b) => (a.law < b.law ? -1 : a.law > b.law ? 1 : 0))
    .map(({ file, law, name }) => `- [${law}](../laws.md#${law.toLowerCase()}): it ${name} (\`${file}\`)`)
  const page = [
    "# Servers that are wrong on purpose",
    "",
    "Our own server, each time with one small change that is made as a source is loaded, and the law that must reject it. This page is",
    "made from the changes themselves:",
    "",
    "```sh",
    "npx vitest run --config vitest.workspace.ts --project conformance brokenServers.unit -u",
    "```",
    "",
    ...rows,
    "",
  ]
  await expect(page.join("\n")).toMatchFileSnapshot("../../../docs/reference/broken-servers.md")
})

it("the table of outcomes has a row for each of them, and in each the law has rejected it", () => {
  const text = readFileSync(join(packages, "../docs/reference/broken-servers-outcomes.md"), "utf8")
  const rows = text.split("\n").filter((line) => /^\| [A-Z]+-\d/u.test(line))
  const told = rows.map((row) =>
    row
      .split("|")
      .slice(1, 4)
      .map((cell) => cell.trim())
      .join(" | "),
  )
  expect(told.toSorted()).toEqual(brokenServers.map(({ law, name }) => `${law} | ${name} | rejected`).toSorted())
})

it("a patch that no longer applies is a mistake", () => {
  const patch = { file: "a.ts", find: "x", replace: "y" }
  expect(() => applied(patch, "z")).toThrow("the patch of a.ts applies 0 times: x")
  expect(() => applied(patch, "x x")).toThrow("applies 2 times")
})

it("a program is not made with a patch that no longer applies, or of a source that it does not have", async () => {
  const file = "cli/src/main.ts"
  await expect(patchedProgram([{ file, find: "nowhere in it", replace: "" }])).rejects.toThrow("applies 0 times")
  await expect(patchedProgram([{ file: "conformance/src/Law.ts.none", find: "a", replace: "b" }])).rejects.toThrow(
    "no part of the program: conformance/src/Law.ts.none",
  )
})
