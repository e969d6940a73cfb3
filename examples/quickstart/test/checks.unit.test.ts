import { describe, expect, it } from "vitest"
import { checkBom, checkNames } from "../src/bom/checks.ts"
import { encodeBom, generateBom, serialNumberOf } from "../src/bom/generate.ts"
import { licenseChoice } from "../src/bom/license.ts"
import { failuresOf, integrityOf, lockOf } from "./support/locks.ts"

const lock = lockOf({
  "node_modules/a": { version: "1.0.0", integrity: integrityOf("a") },
  "node_modules/@s/b": { version: "2.0.0" },
  "node_modules/b/node_modules/a": { version: "3.0.0" },
})
const bom = generateBom(lock)
const bytes = (text: string) => new TextEncoder().encode(text)
const messageOf = async (name: string, artifact: Uint8Array) =>
  (await checkBom(lock, artifact)).find((check) => check.name === name)?.message

describe("every check is in every answer, in order", () => {
  it.each(["", "{", "null", "[]", "{}", `{"components":[{}]}`, `{"components":"all"}`])("for %j", async (text) => {
    const checks = await checkBom(lock, bytes(text))
    expect(checks.map(({ name }) => name)).toEqual(checkNames)
    expect(checks.some(({ status }) => status === "failed")).toBe(true)
  })
})

describe("what could not be checked is failed and says so", () => {
  it("no JSON: no check passes", async () => {
    expect(await failuresOf(lock, bytes("not JSON"))).toEqual(checkNames)
    expect(await messageOf("complete", bytes("not JSON"))).toBe("Not checked: the artifact is not JSON")
  })
  it("no UTF-8", async () => {
    expect(await messageOf("json", Uint8Array.of(0x22, 0xff, 0x22))).toMatch(/^Not JSON in UTF-8/)
  })
  it("a byte order mark", async () => {
    const artifact = new Uint8Array([0xef, 0xbb, 0xbf, ...encodeBom(bom)])
    expect(await failuresOf(lock, artifact)).toContain("json")
  })
  it("components without a name", async () => {
    expect(await messageOf("hashes", bytes(`{"components":[{}]}`))).toMatch(/^Not checked: .*components\.0\.name/)
  })
})

describe("the schema check", () => {
  it("names the place and the rule", async () => {
    const artifact = bytes(JSON.stringify({ ...bom, sales: 3 }))
    expect(await failuresOf(lock, artifact)).toEqual(["cyclonedx-1.6-schema"])
    expect(await messageOf("cyclonedx-1.6-schema", artifact)).toMatch(/must NOT have additional properties/)
  })
  it("knows the SPDX licence list", async () => {
    const component = { ...bom.metadata.component, licenses: [{ license: { id: "NO-SUCH-LICENCE" } }] }
    const artifact = bytes(JSON.stringify({ ...bom, metadata: { component } }))
    expect(await failuresOf(lock, artifact)).toEqual(["cyclonedx-1.6-schema"])
  })
  it("refuses a document that says it is of another version, though the schema lets it pass", async () => {
    const artifact = bytes(JSON.stringify({ ...bom, specVersion: "1.5" }))
    expect(await messageOf("cyclonedx-1.6-schema", artifact)).toBe(`specVersion is "1.5", not "1.6"`)
  })
})

describe("what is wrong is counted and named", () => {
  it("a missing package", async () => {
    const artifact = encodeBom({ ...bom, components: bom.components.slice(1) })
    expect(await messageOf("complete", artifact)).toBe("1 of 3 packages are missing: @s/b@2.0.0")
  })
  it("a wrong version", async () => {
    const components = bom.components.map((component) =>
      component.version === "1.0.0" ? { ...component, version: "1.0.1" } : component,
    )
    expect(await messageOf("versions", encodeBom({ ...bom, components }))).toMatch(/: a 1\.0\.1 instead of 1\.0\.0$/)
  })
  it("a component hidden inside another is an extra one", async () => {
    const hidden = { type: "library", name: "hidden", version: "6.6.6" }
    const components = bom.components.map((component) => ({ ...component, components: [hidden] }))
    const artifact = bytes(JSON.stringify({ ...bom, components: [components[0], ...bom.components.slice(1)] }))
    expect(await failuresOf(lock, artifact)).toEqual(["no-extras"])
    expect(await messageOf("no-extras", artifact)).toMatch(/hidden@6\.6\.6/)
  })
  it("a component listed twice", async () => {
    const again = bom.components.slice(0, 1).map((component) => ({ ...component, "bom-ref": "again" }))
    expect(await failuresOf(lock, encodeBom({ ...bom, components: [...bom.components, ...again] }))).toEqual([
      "no-extras",
    ])
  })
  it("a hash the lock does not witness, and a hash left out", async () => {
    const hash = { alg: "SHA-1", content: "da39a3ee5e6b4b0d3255bfef95601890afd80709" }
    const components = bom.components.map(({ hashes, ...component }) =>
      hashes === undefined ? { ...component, hashes: [hash] } : component,
    )
    expect(await messageOf("hashes", encodeBom({ ...bom, components }))).toBe(
      "3 of 3 components (1 lack their hash, 2 have another hash than the lock file): @s/b@2.0.0, a@3.0.0, a@1.0.0",
    )
  })
  it("a hash in capital letters is the same hash", async () => {
    const components = bom.components.map(({ hashes, ...component }) =>
      hashes === undefined
        ? component
        : { ...component, hashes: hashes.map(({ alg, content }) => ({ alg, content: content.toUpperCase() })) },
    )
    expect(await failuresOf(lock, encodeBom({ ...bom, components }))).toEqual([])
  })
})

it("the serial number is the lock's SHA-256 as a UUID of version 8", () => {
  expect(serialNumberOf("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")).toBe(
    "urn:uuid:ba7816bf-8f01-8fea-8141-40de5dae2223",
  )
})

it.each([
  ["mit", { license: { id: "MIT" } }],
  ["(MIT OR Apache-2.0)", { expression: "(MIT OR Apache-2.0)" }],
  ["SEE LICENSE IN LICENSE.md", { license: { name: "SEE LICENSE IN LICENSE.md" } }],
])("the licence %s is stated as what it is", (text, choice) => expect(licenseChoice(text)).toEqual(choice))
