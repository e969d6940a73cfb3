import { lawsPage, storeLaws } from "@waybill/conformance"
import { expect, it } from "vitest"

it("the page of laws is what the laws say", async () => {
  const page = lawsPage([{ title: "Stores", laws: await storeLaws() }])
  await expect(page).toMatchFileSnapshot("../../../docs/laws.md")
})
