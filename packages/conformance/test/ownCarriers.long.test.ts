import { checkCarrier } from "@waybill/conformance"
import { expect, it } from "vitest"
import { ownCarriers } from "./support/carriers/index.ts"

it.each(ownCarriers.map((carrier) => [carrier.name, carrier] as const))(
  "%s keeps every law, whatever is drawn",
  { timeout: 1_800_000 },
  async (_, carrier) => {
    for (let seed = 1; seed <= 50; seed++) {
      const report = await checkCarrier(carrier, { seed })
      expect({ seed, broken: report.laws.filter(({ verdict }) => verdict.status === "fail") }).toEqual({
        seed,
        broken: [],
      })
    }
  },
)
