import { expect, it } from "vitest"
import { bundledBytes, carriers } from "../src/bundles.ts"

/** Bytes, minified and gzipped, without `effect`: whoever adds to a carrier says here what it costs those who import it. */
const pinned: Readonly<Record<string, number>> = {
  "@waybill/command-contract": 10_800,
  "@waybill/jobspec": 19_300,
  "@waybill/workspace-job": 11_350,
}

/** A byte here and there is the bundler's or the compressor's. */
const tolerance = 0.02

it("every carrier has a size that is pinned", () => {
  expect(carriers()).toEqual(Object.keys(pinned))
})

it.each(Object.entries(pinned))("%s is as large as it was, within 2 %", async (name, bytes) => {
  const found = await bundledBytes(name)
  expect(Math.abs(found / bytes - 1), `${found} bytes, pinned at ${bytes}`).toBeLessThan(tolerance)
})
