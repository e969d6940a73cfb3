import { serverLaws } from "@waybill/conformance"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { brokenServers } from "./support/brokenServers.ts"
import { applied } from "./support/patches.ts"

const packages = join(import.meta.dirname, "../..")

it.each(brokenServers.map((broken) => [broken.name, broken] as const))("the patch still applies: %s", (_, broken) => {
  const source = readFileSync(join(packages, broken.file), "utf8")
  expect(applied(broken, source)).not.toBe(source)
})

it("each broken server names a law that there is", async () => {
  const ids = (await serverLaws()).map(({ id }) => id)
  expect(brokenServers.map(({ law }) => law).filter((law) => !ids.includes(law))).toEqual([])
})

it("a patch that no longer applies is a mistake", () => {
  const patch = { file: "a.ts", find: "x", replace: "y" }
  expect(() => applied(patch, "z")).toThrow("the patch of a.ts applies 0 times: x")
  expect(() => applied(patch, "x x")).toThrow("applies 2 times")
})
