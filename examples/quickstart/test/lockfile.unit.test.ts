import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { readIntegrity } from "../src/bom/integrity.ts"
import { readLock } from "../src/bom/lockfile.ts"
import { integrityOf, lockBytes, lockOf } from "./support/locks.ts"

const only = (packages: Readonly<Record<string, unknown>>) => {
  const lock = lockOf(packages)
  expect(lock.packages).toHaveLength(1)
  return lock.packages[0]!
}

const failure = (bytes: Uint8Array): string => {
  const result = readLock(bytes)
  return Result.isFailure(result) ? result.failure.message : expect.fail("the lock was read")
}

describe("what is a package", () => {
  it("the application is none, and is the lock's root", () => {
    const lock = lockOf({})
    expect(lock.packages).toEqual([])
    expect(lock.root).toMatchObject({ name: "app", version: "1.0.0", purl: "pkg:npm/app@1.0.0" })
  })

  it("a scoped package's purl has the scope percent-encoded", () => {
    expect(only({ "node_modules/@scope/name": { version: "1.2.3" } }).purl).toBe("pkg:npm/%40scope/name@1.2.3")
  })

  it("a version with build metadata is percent-encoded in the purl", () => {
    expect(only({ "node_modules/a": { version: "1.0.0+b" } }).purl).toBe("pkg:npm/a@1.0.0%2Bb")
  })

  it("names that differ in case only stay two packages", () => {
    const lock = lockOf({
      "node_modules/JSONStream": { version: "1.0.0" },
      "node_modules/jsonstream": { version: "1.0.0" },
    })
    expect(lock.packages.map(({ name }) => name)).toEqual(["JSONStream", "jsonstream"])
  })

  it("copies with the same name and version are one package that knows every path", () => {
    const found = only({
      "node_modules/b/node_modules/a": { version: "1.0.0", dev: true },
      "node_modules/a": { version: "1.0.0", integrity: integrityOf("a") },
    })
    expect(found.paths).toEqual(["node_modules/a", "node_modules/b/node_modules/a"])
    expect(found).toMatchObject({ scope: "required", dev: false })
    expect(found.hashes).toHaveLength(1)
  })

  it("copies with the same version and different integrity keep every hash", () => {
    const found = only({
      "node_modules/a": { version: "1.0.0", integrity: integrityOf("x") },
      "node_modules/b/node_modules/a": { version: "1.0.0", integrity: integrityOf("y") },
    })
    expect(found.hashes).toHaveLength(2)
  })

  it("copies with different versions are two packages", () => {
    const lock = lockOf({
      "node_modules/a": { version: "1.0.0" },
      "node_modules/b/node_modules/a": { version: "2.0.0" },
    })
    expect(lock.packages.map(({ purl }) => purl)).toEqual(["pkg:npm/a@1.0.0", "pkg:npm/a@2.0.0"])
  })

  it("an alias is the package it stands for", () => {
    expect(only({ "node_modules/short": { name: "@s/real", version: "1.0.0" } }).name).toBe("@s/real")
  })

  it("a link is none, its target is a local package named by its entry or else by its folder", () => {
    const lock = lockOf({
      "node_modules/@w/one": { resolved: "packages/one", link: true },
      "packages/one": { name: "@w/one", version: "0.1.0" },
      "packages/@w/two": {},
      "packages/one/node_modules/dep": { version: "3.0.0" },
    })
    expect(lock.packages.map(({ name, version, local }) => ({ name, version, local }))).toEqual([
      { name: "@w/one", version: "0.1.0", local: true },
      { name: "@w/two", version: undefined, local: true },
      { name: "dep", version: "3.0.0", local: false },
    ])
  })

  it("the flags decide the scope", () => {
    const scope = (flags: object) => only({ "node_modules/a": { version: "1.0.0", ...flags } }).scope
    expect(scope({})).toBe("required")
    expect(scope({ peer: true })).toBe("required")
    expect(scope({ optional: true })).toBe("optional")
    expect(scope({ devOptional: true })).toBe("optional")
    expect(scope({ dev: true, optional: true })).toBe("excluded")
    expect(only({ "node_modules/a": { version: "1.0.0", inBundle: true } }).bundled).toBe(true)
  })

  it("a missing integrity is no hash, a licence that is no text is no licence", () => {
    expect(only({ "node_modules/a": { version: "1.0.0", license: { type: "MIT" } } })).toMatchObject({
      hashes: [],
      license: undefined,
    })
  })
})

describe("integrity", () => {
  it("is told in hexadecimal under CycloneDX's name for the algorithm", () => {
    expect(Result.getOrThrow(readIntegrity("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="))).toEqual([
      { alg: "SHA-1", content: "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
    ])
  })

  it.each(["sha512-AAAA", "crc32-AAAA", "sha512", "sha512-***", " "])("%j is refused, not dropped", (integrity) => {
    expect(Result.isFailure(readIntegrity(integrity))).toBe(true)
  })
})

describe("a lock file that cannot be read says where and why", () => {
  it("no JSON", () => expect(failure(new TextEncoder().encode("{"))).toMatch(/not JSON/))
  it("no UTF-8", () => expect(failure(Uint8Array.of(0x22, 0xff, 0x22))).toMatch(/not JSON in UTF-8/))
  it("another version of the format", () =>
    expect(failure(new TextEncoder().encode(`{"lockfileVersion":1,"packages":{}}`))).toMatch(
      /lockfileVersion: only version 3/,
    ))
  it("no name", () =>
    expect(failure(new TextEncoder().encode(`{"lockfileVersion":3,"packages":{}}`))).toMatch(
      /Give package.json a "name"/,
    ))
  it("a damaged integrity", () =>
    expect(failure(lockBytes({ "node_modules/a": { version: "1.0.0", integrity: "sha512-AAAA" } }))).toMatch(
      /packages\["node_modules\/a"\]: its sha512 integrity has 3 bytes, not 64/,
    ))
  it("a version that is no text", () =>
    expect(failure(lockBytes({ "node_modules/a": { version: 1 } }))).toMatch(/packages\.node_modules\/a\.version/))
})
