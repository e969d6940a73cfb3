import { readdirSync } from "node:fs"
import { join } from "node:path"
import { Ajv2020 } from "ajv/dist/2020.js"
import { expect, it } from "vitest"
import { type PublishedName, published, publishedJsonSchema } from "../src/Wire.ts"

const names = Object.keys(published) as ReadonlyArray<PublishedName>
const folder = join(import.meta.dirname, "../schemas")

it.each(names)("schemas/%s.json says what the code says", async (name) => {
  await expect(`${JSON.stringify(publishedJsonSchema(name), null, 2)}\n`).toMatchFileSnapshot(
    join(folder, `${name}.json`),
  )
})

it("there is one file for each published schema", () => {
  expect(readdirSync(folder).toSorted()).toEqual(names.map((name) => `${name}.json`).toSorted())
})

it("all of them compile under a strict validator", () => {
  const ajv = new Ajv2020({ strict: true })
  for (const name of names) expect(ajv.compile(publishedJsonSchema(name))).toBeTypeOf("function")
})
