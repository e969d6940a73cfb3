import { createHash } from "node:crypto"
import { Result } from "effect"
import * as fc from "fast-check"
import { type Check, checkBom } from "../../src/bom/checks.ts"
import { type Lock, readLock } from "../../src/bom/lockfile.ts"

/** The integrity of a package whose archive is `content`. */
export const integrityOf = (content: string, algorithm = "sha512"): string =>
  `${algorithm}-${createHash(algorithm).update(content).digest("base64")}`

export const lockBytes = (packages: Readonly<Record<string, unknown>>): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify({ lockfileVersion: 3, packages: { "": { name: "app", version: "1.0.0" }, ...packages } }),
  )

export const lockOf = (packages: Readonly<Record<string, unknown>>): Lock =>
  Result.getOrThrow(readLock(lockBytes(packages)))

export const failedNames = (checks: ReadonlyArray<Check>): ReadonlyArray<string> =>
  checks.filter(({ status }) => status === "failed").map(({ name }) => name)

export const failuresOf = async (lock: Lock, artifact: Uint8Array): Promise<ReadonlyArray<string>> =>
  failedNames(await checkBom(lock, artifact))

const word = fc.stringMatching(/^[a-z][a-z0-9._-]{0,8}$/)
const packageName = fc.oneof(
  word,
  fc.tuple(word, word).map(([scope, name]) => `@${scope}/${name}`),
  // Few names, so that the same one turns up at several places.
  fc.constantFrom("a", "@s/a", "b"),
)
const version = fc.oneof(
  fc.constantFrom("1.0.0", "2.0.0"),
  fc
    .tuple(fc.nat(99), fc.nat(99), fc.constantFrom("", "-rc.1", "+build.5"))
    .map(([a, b, tail]) => `${a}.${b}.0${tail}`),
)
const flag = fc.option(fc.constant(true), { nil: undefined, freq: 2 })

const entry = fc.record({
  version,
  name: fc.option(packageName, { nil: undefined, freq: 8 }),
  integrity: fc.option(
    fc
      .array(fc.tuple(fc.constantFrom("sha1", "sha256", "sha512"), fc.string()), { minLength: 1, maxLength: 2 })
      .map((parts) => parts.map(([algorithm, content]) => integrityOf(content, algorithm)).join(" ")),
    { nil: undefined, freq: 4 },
  ),
  license: fc.constantFrom(undefined, "MIT", "(MIT OR Apache-2.0)", "SEE LICENSE IN LICENSE.md"),
  dev: flag,
  optional: flag,
  devOptional: flag,
  peer: flag,
  inBundle: flag,
})

const path = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .array(packageName, { minLength: 1, maxLength: 3 })
      .map((names) => names.map((name) => `node_modules/${name}`).join("/")),
  },
  { weight: 1, arbitrary: word.map((name) => `packages/${name}`) },
)

const linkOrEntry = fc.oneof(
  { weight: 9, arbitrary: entry },
  { weight: 1, arbitrary: word.map((name) => ({ resolved: `packages/${name}`, link: true })) },
)

/** Lock files as npm writes them: scoped, nested, aliased, linked, bundled, with and without integrity. */
export const anyLock: fc.Arbitrary<Lock> = fc
  .dictionary(path, linkOrEntry, { maxKeys: 25, noNullPrototype: true })
  .map(lockOf)
