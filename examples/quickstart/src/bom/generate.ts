import type { Bom, Component } from "./document.ts"
import { licenseChoice } from "./license.ts"
import type { Lock, LockedPackage } from "./lockfile.ts"
import { label, splitName } from "./purl.ts"

/** What a careless generator leaves out. */
export type Omission =
  /** Packages whose name has a scope: their folder is one level deeper than the others. */
  | "scoped-packages"
  /** Packages that lie only in the `node_modules` of another package. */
  | "nested-copies"
  /** Optional packages, as those for one platform: this machine did not install most of them. */
  | "platform-packages"
  /** The repository's own folders: they are not in `node_modules` but linked from there. */
  | "workspace-members"
  /** The hashes of development packages. */
  | "development-hashes"
  | "serial-number"

export const allOmissions: ReadonlyArray<Omission> = [
  "scoped-packages",
  "nested-copies",
  "platform-packages",
  "workspace-members",
  "development-hashes",
  "serial-number",
]

const isNested = (path: string) => path.split("node_modules/").length > 2

const isLeftOut = (locked: LockedPackage, omissions: ReadonlySet<Omission>): boolean =>
  (omissions.has("scoped-packages") && locked.name.startsWith("@")) ||
  (omissions.has("nested-copies") && locked.paths.every(isNested)) ||
  (omissions.has("platform-packages") && locked.optional) ||
  (omissions.has("workspace-members") && locked.local)

/** What the lock says about a package beyond CycloneDX's own fields; `cdx:npm:*` are names of its registered taxonomy. */
const propertiesOf = (locked: LockedPackage): NonNullable<Component["properties"]> => [
  ...(locked.bundled ? [{ name: "cdx:npm:package:bundled", value: "true" }] : []),
  ...(locked.dev ? [{ name: "cdx:npm:package:development", value: "true" }] : []),
  ...locked.paths.map((path) => ({ name: "cdx:npm:package:path", value: path })),
  ...(locked.peer ? [{ name: "waybill:npm:package:peer", value: "true" }] : []),
]

const identityOf = (locked: Lock["root"]) => {
  const { group, name } = splitName(locked.name)
  return {
    ...(group === undefined ? {} : { group }),
    name,
    ...(locked.version === undefined ? {} : { version: locked.version }),
  }
}

const licensesOf = (license: string | undefined) =>
  license === undefined ? {} : { licenses: [licenseChoice(license)] }

/**
 * The component that stands for one package of the lock, complete. Its `bom-ref` is its name and version, which
 * are unique in a lock; purls are not. `hashes` are absent where the lock witnesses none.
 */
export const componentOf = (locked: LockedPackage): Component => ({
  type: "library",
  "bom-ref": label(locked.name, locked.version),
  ...identityOf(locked),
  scope: locked.scope,
  ...(locked.hashes.length === 0 ? {} : { hashes: locked.hashes }),
  ...licensesOf(locked.license),
  purl: locked.purl,
  properties: propertiesOf(locked),
})

/**
 * The component that the whole BOM describes. Its `bom-ref` has a prefix, because an application may depend on its
 * own published version, and a `bom-ref` must be unique in the document.
 */
export const subjectOf = (root: Lock["root"]): Component => ({
  type: "application",
  "bom-ref": `application:${label(root.name, root.version)}`,
  ...identityOf(root),
  ...licensesOf(root.license),
  purl: root.purl,
})

/**
 * The BOM's serial number: the first 16 bytes of the lock file's SHA-256 as a UUID of version 8, the one for values
 * of one's own making (RFC 9562 §5.8). The same lock has the same number, and another lock has another.
 *
 * @example
 * serialNumberOf("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
 * // "urn:uuid:ba7816bf-8f01-8fea-8141-40de5dae2223"
 */
export const serialNumberOf = (sha256: string): string => {
  const variant = ((Number.parseInt(sha256.charAt(16), 16) & 0x3) | 0x8).toString(16)
  const groups = [
    sha256.slice(0, 8),
    sha256.slice(8, 12),
    `8${sha256.slice(13, 16)}`,
    `${variant}${sha256.slice(17, 20)}`,
    sha256.slice(20, 32),
  ]
  return `urn:uuid:${groups.join("-")}`
}

/**
 * Builds the CycloneDX 1.6 document of a lock. It depends on the lock only: no clock, no randomness, components in
 * the lock's order; so the same lock gives the same document. `omissions` is what to get wrong; empty for a full BOM.
 */
export const generateBom = (lock: Lock, omissions: ReadonlySet<Omission> = new Set()): Bom => ({
  $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  ...(omissions.has("serial-number") ? {} : { serialNumber: serialNumberOf(lock.sha256) }),
  version: 1,
  metadata: { component: subjectOf(lock.root) },
  components: lock.packages
    .filter((locked) => !isLeftOut(locked, omissions))
    .map((locked) => {
      const { hashes, ...rest } = componentOf(locked)
      const keepsHashes = hashes !== undefined && !(omissions.has("development-hashes") && locked.dev)
      return keepsHashes ? { ...rest, hashes } : rest
    }),
})

/** The document's bytes: JSON in UTF-8, indented by two spaces, with a final line feed. */
export const encodeBom = (bom: Bom): Uint8Array => new TextEncoder().encode(`${JSON.stringify(bom, null, 2)}\n`)
