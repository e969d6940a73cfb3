import { checkStore, storeLaws } from "@waybill/conformance"
import { afterAll, describe, expect, it } from "vitest"
import { brokenLedgers } from "./support/brokenLedgers.ts"
import { brokenStores } from "./support/brokenStores.ts"

const all = [...brokenLedgers, ...brokenStores].toSorted((a, b) => (a.law < b.law ? -1 : 1))
const laws = await storeLaws()

describe("a store that is wrong on purpose is rejected by the law that speaks of it", () => {
  const table: Array<string> = []
  afterAll(() => console.log(["", "wrong on purpose | law | rejected by", ...table.toSorted()].join("\n")))

  it.each(all.map((broken) => [broken.name, broken.law, broken] as const))("%s: %s", async (name, law, { place }) => {
    const report = await checkStore(name, place, { limit_ms: 1_000 })
    const rejecting = report.laws.filter(({ verdict }) => verdict.status === "fail").map(({ id }) => id)
    table.push(`${law} | ${name} | ${rejecting.join(" ")}`)
    expect(rejecting).toContain(law)
  })
})

it("every law rejects some store", () => {
  expect(laws.map(({ id }) => id).filter((id) => !all.some(({ law }) => law === id))).toEqual([])
})

it("the page of broken stores is what they say of themselves", async () => {
  const page = [
    "# Stores that are wrong on purpose",
    "",
    "Each with the law that must reject it. This page is made from the stores themselves:",
    "",
    "```sh",
    "npx vitest run --config vitest.workspace.ts --project conformance brokenStores -u",
    "```",
    "",
    ...all.map(({ law, name }) => `- [${law}](../laws.md#${law.toLowerCase()}): it ${name}`),
    "",
  ]
  await expect(page.join("\n")).toMatchFileSnapshot("../../../docs/reference/broken-stores.md")
})
