import { Version } from "@cyclonedx/cyclonedx-library/Spec"
import { JsonStrictValidator } from "@cyclonedx/cyclonedx-library/Validation"
import { serialNumberOf } from "./generate.ts"
import type { Hash } from "./integrity.ts"
import type { Lock } from "./lockfile.ts"

/** One thing that was looked at. */
export interface BomCheck {
  readonly name: string
  readonly status: "passed" | "failed"
  readonly message: string
}

/** CycloneDX's own schema, as its project ships it. */
const schema = new JsonStrictValidator(Version.v1dot6)

const violationsOf = async (text: string): Promise<ReadonlyArray<string>> => {
  const errors: unknown = await schema.validate(text)
  if (errors === null) return []
  return (Array.isArray(errors) ? errors : [errors]).map((error: unknown) =>
    isObject(error) ? `${textOf(error["instancePath"]) || "/"} ${textOf(error["message"])}` : String(error),
  )
}

const named_max = 4

/** `12 of 310 …: a, b, c and 9 more`. */
const some = (names: ReadonlyArray<string>): string => {
  const shown = names.slice(0, named_max).join(", ")
  return names.length <= named_max ? shown : `${shown} and ${names.length - named_max} more`
}

const check = (name: string, problems: ReadonlyArray<string>, good: string, bad: (count: number) => string): BomCheck =>
  problems.length === 0
    ? { name, status: "passed", message: good }
    : { name, status: "failed", message: `${bad(problems.length)}: ${some(problems)}` }

interface ReadComponent {
  readonly purl: string
  readonly version: string | undefined
  readonly hashes: ReadonlyArray<Hash>
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

const componentsOf = (bom: Record<string, unknown>): ReadonlyArray<ReadComponent> =>
  (Array.isArray(bom["components"]) ? bom["components"] : []).filter(isObject).map((component) => ({
    purl: textOf(component["purl"]),
    version: typeof component["version"] === "string" ? component["version"] : undefined,
    hashes: (Array.isArray(component["hashes"]) ? component["hashes"] : [])
      .filter(isObject)
      .map((hash) => ({ alg: textOf(hash["alg"]), content: textOf(hash["content"]) })),
  }))

const sameHashes = (a: ReadonlyArray<Hash>, b: ReadonlyArray<Hash>): boolean => {
  const words = (hashes: ReadonlyArray<Hash>) =>
    hashes
      .map(({ alg, content }) => `${alg} ${content}`)
      .sort()
      .join("\n")
  return words(a) === words(b)
}

/** Everything that is checked of a BOM, in order. A check that an earlier failure makes impossible fails and says so. */
export const verifyBom = async (lock: Lock, bytes: Uint8Array): Promise<ReadonlyArray<BomCheck>> => {
  let bom: unknown
  let text: string
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
    bom = JSON.parse(text)
  } catch (cause) {
    const message = `it is not JSON in UTF-8: ${cause instanceof Error ? cause.message : ""}`
    return [{ name: "json", status: "failed", message }]
  }
  if (!isObject(bom)) return [{ name: "json", status: "failed", message: "it is not a JSON object" }]
  const violations = await violationsOf(text)
  const found = componentsOf(bom)
  const byPurl = new Map(found.map((component) => [component.purl, component]))
  const wanted = new Map(lock.packages.map((locked) => [locked.purl, locked]))
  const there = lock.packages.filter(({ purl }) => byPurl.has(purl))
  const hashed = there.filter(({ hashes }) => hashes.length > 0)
  const twice = found.filter(({ purl }, index) => found.findIndex((other) => other.purl === purl) !== index)
  return [
    { name: "json", status: "passed", message: "one JSON object in UTF-8" },
    check("cyclonedx-1.6-schema", violations, "valid CycloneDX 1.6", (count) => `${count} violations`),
    check(
      "complete",
      lock.packages.filter(({ purl }) => !byPurl.has(purl)).map(({ purl }) => purl),
      `all ${lock.packages.length} packages of the lock are listed`,
      (count) => `${count} of ${lock.packages.length} packages are missing`,
    ),
    check(
      "no-extras",
      [...found.filter(({ purl }) => !wanted.has(purl)), ...twice].map(({ purl }) => purl || "(no purl)"),
      "nothing is listed that is not in the lock",
      (count) => `${count} components are not in the lock, or listed twice`,
    ),
    check(
      "versions",
      there.filter(({ purl, version }) => byPurl.get(purl)?.version !== version).map(({ purl }) => purl),
      "every version is the lock's",
      (count) => `${count} versions differ`,
    ),
    check(
      "hashes",
      hashed.filter(({ hashes, purl }) => !sameHashes(hashes, byPurl.get(purl)?.hashes ?? [])).map(({ purl }) => purl),
      `all ${hashed.length} integrity hashes are the lock's`,
      (count) => `${count} of ${hashed.length} hashes are missing or differ`,
    ),
    check(
      "serial-number",
      bom["serialNumber"] === serialNumberOf(lock.sha256) ? [] : [textOf(bom["serialNumber"]) || "absent"],
      "derived from this very lock file",
      () => "it is not derived from this lock file",
    ),
  ]
}
