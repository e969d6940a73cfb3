import { expect, it } from "vitest"
import { bundledBytes, carriers, pinned_bytes, pinned_tolerance } from "../src/bundles.ts"

it("every carrier has a size that is pinned", () => {
  expect(carriers()).toEqual(Object.keys(pinned_bytes))
})

it.each(Object.entries(pinned_bytes))("%s is as large as it was, within 2 %", async (name, bytes) => {
  const found = await bundledBytes(name)
  expect(Math.abs(found / bytes - 1), `${found} bytes, pinned at ${bytes}`).toBeLessThan(pinned_tolerance)
})
