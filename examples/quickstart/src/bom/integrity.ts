import { Result } from "effect"

/** A hash as CycloneDX writes it: the algorithm's name there, the content in lower-case hexadecimal. */
export interface Hash {
  readonly alg: string
  readonly content: string
}

/** Subresource-integrity algorithm → its CycloneDX name and the length of its digest. */
const algorithms: ReadonlyMap<string, { readonly alg: string; readonly digest_bytes: number }> = new Map([
  ["md5", { alg: "MD5", digest_bytes: 16 }],
  ["sha1", { alg: "SHA-1", digest_bytes: 20 }],
  ["sha256", { alg: "SHA-256", digest_bytes: 32 }],
  ["sha384", { alg: "SHA-384", digest_bytes: 48 }],
  ["sha512", { alg: "SHA-512", digest_bytes: 64 }],
])

/**
 * Reads a lock entry's `integrity` (W3C Subresource Integrity: one or more `algorithm-base64`, separated by white
 * space, each perhaps with `?options`) into CycloneDX hashes.
 *
 * Fails with a sentence when one part is not of that form, names an algorithm CycloneDX has no word for, or has a
 * digest of another length than its algorithm's: a hash that cannot be carried over must not vanish from the BOM.
 *
 * @example
 * readIntegrity("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=") // [{ alg: "SHA-1", content: "da39a3ee5e6b4b0d3255bfef95601890afd80709" }]
 */
export const readIntegrity = (integrity: string): Result.Result<ReadonlyArray<Hash>, string> => {
  const hashes: Array<Hash> = []
  for (const part of integrity.split(/\s+/).filter((text) => text !== "")) {
    const match = /^([a-z0-9]+)-([A-Za-z0-9+/]+={0,2})(\?.*)?$/.exec(part)
    if (match === null) return Result.fail(`its integrity "${part}" is not of the form algorithm-base64`)
    const [, name = "", base64 = ""] = match
    const algorithm = algorithms.get(name)
    if (algorithm === undefined) {
      return Result.fail(`its integrity uses "${name}"; known are ${[...algorithms.keys()].join(", ")}`)
    }
    const digest = Buffer.from(base64, "base64")
    if (digest.length !== algorithm.digest_bytes) {
      return Result.fail(`its ${name} integrity has ${digest.length} bytes, not ${algorithm.digest_bytes}`)
    }
    hashes.push({ alg: algorithm.alg, content: digest.toString("hex") })
  }
  return hashes.length === 0 ? Result.fail("its integrity is empty") : Result.succeed(hashes)
}

/** The union of two lists of hashes, without repetition, ordered by algorithm and content. */
export const mergeHashes = (a: ReadonlyArray<Hash>, b: ReadonlyArray<Hash>): ReadonlyArray<Hash> => {
  const byText = new Map([...a, ...b].map((hash) => [`${hash.alg}:${hash.content}`, hash]))
  return [...byText.keys()].sort().flatMap((text) => byText.get(text) ?? [])
}
