import { isDeepStrictEqual } from "node:util"
import { Spec, Validation } from "@cyclonedx/cyclonedx-library"
import { Result, Schema } from "effect"
import { componentOf, serialNumberOf, subjectOf } from "./generate.ts"
import type { Hash } from "./integrity.ts"
import { type Comparison, compare, fullName, type Listed, type Listing, readListing } from "./listing.ts"
import type { Lock } from "./lockfile.ts"
import { label } from "./purl.ts"

/** The verifier's checks, in the order in which they are reported. */
export const checkNames = [
  /** UTF-8 without a byte order mark, one JSON value. */
  "json",
  /** Valid against the official schema, and says so itself. */
  "cyclonedx-1.6-schema",
  /** Derived from this very lock file. */
  "serial-number",
  /** Describes the application of the lock. */
  "subject",
  /** Every package of the lock is there. */
  "complete",
  /** Nothing is there that the lock does not have; nothing is there twice. */
  "no-extras",
  /** Every package that is there has the lock's version. */
  "versions",
  "purls",
  /** No two components share a `bom-ref`, the subject included. */
  "bom-refs",
  /** Every integrity of the lock is there and equal; there is no hash which the lock does not witness. */
  "hashes",
  "licenses",
  "scopes",
] as const

export type CheckName = (typeof checkNames)[number]

export interface Check {
  readonly name: CheckName
  readonly status: "passed" | "failed"
  /** One readable line of at most {@link messageLength_max} characters. */
  readonly message?: string
}

/** Long enough to say what is wrong, short enough for a line in a ledger or a prompt. */
export const messageLength_max = 300

/** Names from the artifact go into messages, and a terminal must not obey them. */
const printable = (text: string): string => {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "\uFFFD")
  return line.length <= messageLength_max
    ? line
    : `${line.slice(0, messageLength_max - 1).replace(/[\uD800-\uDBFF]$/, "")}…`
}

const passed = (name: CheckName, message?: string): Check => ({
  name,
  status: "passed",
  ...(message === undefined ? {} : { message: printable(message) }),
})
const failed = (name: CheckName, message: string): Check => ({ name, status: "failed", message: printable(message) })

const shown_max = 5

/** Passed when nothing was found; else a failure that counts and names the first few. */
const found = (name: CheckName, count: string, items: ReadonlyArray<string>, good?: string): Check => {
  if (items.length === 0) return passed(name, good)
  const rest = items.length > shown_max ? ` and ${items.length - shown_max} more` : ""
  return failed(name, `${items.length} ${count}: ${items.slice(0, shown_max).join(", ")}${rest}`)
}

const schemaValidator = new Validation.JsonStrictValidator(Spec.Version.v1dot6)

const Violations = Schema.Array(Schema.Struct({ instancePath: Schema.String, message: Schema.String }))
const isViolations = Schema.is(Violations)

const checkSchema = async (text: string, json: unknown): Promise<Check> => {
  const name = "cyclonedx-1.6-schema"
  const violations: unknown = await schemaValidator.validate(text)
  if (violations !== null) {
    const lines = isViolations(violations)
      ? violations.map(
          ({ instancePath, message }) => `${instancePath === "" ? "the document" : instancePath} ${message}`,
        )
      : [JSON.stringify(violations)]
    return failed(name, lines.join("; "))
  }
  // The schema itself lets every specVersion pass.
  const { specVersion } = Object(json) as { readonly specVersion?: unknown }
  return specVersion === "1.6" ? passed(name) : failed(name, `specVersion is ${JSON.stringify(specVersion)}, not "1.6"`)
}

const checkSerialNumber = (lock: Lock, { serialNumber }: Listing): Check => {
  const expected = serialNumberOf(lock.sha256)
  if (serialNumber === expected) return passed("serial-number")
  const actual = serialNumber === undefined ? "there is none" : `it is ${JSON.stringify(serialNumber)}`
  return failed("serial-number", `The lock file's serial number is ${expected}; ${actual}`)
}

const checkSubject = (lock: Lock, { subject }: Listing): Check => {
  const expected = label(lock.root.name, lock.root.version)
  if (subject === undefined) return failed("subject", `metadata.component is not there; it would be ${expected}`)
  const actual = label(fullName(subject), subject.version)
  if (actual !== expected) return failed("subject", `metadata.component is ${actual}, the lock file's is ${expected}`)
  const purl = subjectOf(lock.root).purl
  return subject.purl === purl
    ? passed("subject", expected)
    : failed("subject", `The purl of ${expected} is not ${purl}`)
}

const hashTexts = (hashes: ReadonlyArray<Hash> | undefined) =>
  new Set((hashes ?? []).map(({ alg, content }) => `${alg}:${content.toLowerCase()}`))

const checkHashes = ({ matched, misversioned }: Comparison): Check => {
  const witnessed = [...matched, ...misversioned].map(({ listed, locked }) => ({
    name: label(locked.name, locked.version),
    expected: hashTexts(locked.hashes),
    actual: hashTexts(listed.hashes),
  }))
  const lacking = witnessed.filter(({ actual, expected }) => expected.size > 0 && actual.size === 0)
  const differing = witnessed.filter(({ actual, expected }) => actual.size > 0 && !isDeepStrictEqual(actual, expected))
  const counts = [
    ...(lacking.length > 0 ? [`${lacking.length} lack their hash`] : []),
    ...(differing.length > 0 ? [`${differing.length} have another hash than the lock file`] : []),
  ].join(", ")
  const withHash = witnessed.filter(({ expected }) => expected.size > 0).length
  return found(
    "hashes",
    `of ${witnessed.length} components (${counts})`,
    [...differing, ...lacking].map(({ name }) => name),
    `${withHash} of ${witnessed.length} components have a hash in the lock file`,
  )
}

const checkBomRefs = (lists: ReadonlyArray<Listed>): Check => {
  const refs = Map.groupBy(
    lists.flatMap((listed) => listed["bom-ref"] ?? []),
    (ref) => ref,
  )
  const repeated = [...refs].filter(([, uses]) => uses.length > 1).map(([ref]) => ref)
  return found("bom-refs", "used more than once", repeated)
}

const checkField = (
  name: "purls" | "licenses" | "scopes",
  { matched }: Comparison,
  field: "purl" | "licenses" | "scope",
): Check => {
  const wrong = matched.filter(({ listed, locked }) => !isDeepStrictEqual(listed[field], componentOf(locked)[field]))
  return found(
    name,
    `of ${matched.length} components have another ${field} than the lock file gives`,
    wrong.map(({ locked }) => label(locked.name, locked.version)),
  )
}

const checkListing = (lock: Lock, listing: Listing): ReadonlyArray<Check> => {
  const comparison = compare(lock, listing.components)
  const { extra, missing, misversioned } = comparison
  const total = lock.packages.length
  return [
    checkSerialNumber(lock, listing),
    checkSubject(lock, listing),
    found(
      "complete",
      `of ${total} packages are missing`,
      missing.map(({ name, version }) => label(name, version)),
      `all ${total} packages of the lock file`,
    ),
    found(
      "no-extras",
      "components are not in the lock file or listed more than once",
      extra.map((listed) => label(fullName(listed), listed.version)),
    ),
    found(
      "versions",
      "components have another version than the lock file",
      misversioned.map(({ listed, locked }) => {
        return `${locked.name} ${listed.version ?? "without version"} instead of ${locked.version ?? "none"}`
      }),
    ),
    checkField("purls", comparison, "purl"),
    checkBomRefs([...(listing.subject === undefined ? [] : [listing.subject]), ...listing.components]),
    checkHashes(comparison),
    checkField("licenses", comparison, "licenses"),
    checkField("scopes", comparison, "scope"),
  ]
}

const notChecked = (done: ReadonlyArray<Check>, because: string): ReadonlyArray<Check> => [
  ...done,
  ...checkNames.slice(done.length).map((name) => failed(name, `Not checked: ${because}`)),
]

const parse = (bytes: Uint8Array): Result.Result<{ readonly text: string; readonly json: unknown }, string> =>
  Result.try({
    try: () => {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
      return { text, json: JSON.parse(text) as unknown }
    },
    catch: (cause) => `Not JSON in UTF-8: ${cause instanceof Error ? cause.message : String(cause)}`,
  })

/**
 * Checks a BOM against the lock file it was made from. Every check of {@link checkNames} is in the answer, in that
 * order. One that could not run, because the bytes are no JSON or no list of components, is reported as failed and
 * says so: nothing is accepted unseen.
 *
 * Rejects only when the validator itself cannot be loaded.
 */
export const checkBom = async (lock: Lock, artifact: Uint8Array): Promise<ReadonlyArray<Check>> => {
  const parsed = parse(artifact)
  if (Result.isFailure(parsed)) return notChecked([failed("json", parsed.failure)], "the artifact is not JSON")
  const { json, text } = parsed.success
  const first = [passed("json"), await checkSchema(text, json)]
  const listing = readListing(json)
  if (Result.isFailure(listing)) return notChecked(first, `the artifact cannot be read as a BOM (${listing.failure})`)
  return [...first, ...checkListing(lock, listing.success)]
}
