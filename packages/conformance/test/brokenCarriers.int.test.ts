import { carrierLaws } from "@waybill/conformance"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, it } from "vitest"
import { brokenCarriers } from "./support/brokenCarriers.ts"
import { applied } from "./support/patches.ts"

const packages = join(import.meta.dirname, "../..")
const program = join(import.meta.dirname, "support/rejectCarriers.ts")

it.each(brokenCarriers.map((broken) => [broken.name, broken] as const))("the patch still applies: %s", (_, patch) => {
  const source = readFileSync(join(packages, patch.file), "utf8")
  expect(applied(patch, source)).not.toBe(source)
})

it("every law of carriers rejects some carrier", async () => {
  const laws = (await carrierLaws()).map(({ id }) => id)
  expect([...new Set(brokenCarriers.map(({ law }) => law))].toSorted()).toEqual(laws)
})

it("a carrier that is wrong on purpose is rejected by the law that speaks of it", { timeout: 120_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=@waybill/source", program])
  const rejectedBy = JSON.parse(stdout) as Readonly<Record<string, ReadonlyArray<string>>>
  expect(rejectedBy).toEqual(Object.fromEntries(brokenCarriers.map(({ law, name }) => [name, [law]])))
})

it("the page of broken carriers is what the patches say", async () => {
  const rows = brokenCarriers
    .toSorted((a, b) => (a.law < b.law ? -1 : a.law > b.law ? 1 : 0))
    .map(
      ({ carrier, file, law, name }) =>
        `- [${law}](../laws.md#${law.toLowerCase()}): \`${carrier}\` ${name} (\`${file}\`)`,
    )
  const page = [
    "# Carriers that are wrong on purpose",
    "",
    "Our own carriers, each time with one small change that is made as a source is loaded, and the law that must reject it. This page",
    "is made from the changes themselves:",
    "",
    "```sh",
    "npx vitest run --config vitest.workspace.ts --project conformance brokenCarriers -u",
    "```",
    "",
    ...rows,
    "",
  ]
  await expect(page.join("\n")).toMatchFileSnapshot("../../../docs/reference/broken-carriers.md")
})
