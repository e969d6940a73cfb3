import { allLaws, lawsPage } from "@waybill/conformance"
import { expect, it } from "vitest"

it("the page of laws is what the laws say", async () => {
  await expect(lawsPage(await allLaws())).toMatchFileSnapshot("../../../docs/laws.md")
})
