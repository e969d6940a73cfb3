import { carrierKeepsLaw, carrierLaws } from "@waybill/conformance"
import { describe, it } from "vitest"
import { ownCarriers } from "./support/carriers/index.ts"

const laws = await carrierLaws()

describe.each(ownCarriers.map((carrier) => [carrier.name, carrier] as const))("%s keeps", (_, carrier) => {
  it.each(laws.map((law) => [`${law.id} ${law.statement}`, law] as const))("%s", async (_, law) => {
    await carrierKeepsLaw(law, carrier, { runs: 60 })
  })
})
