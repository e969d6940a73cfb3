import { Result, Schema, SchemaIssue } from "effect"
import type { Lock } from "./lockfile.ts"

/** A component as some generator listed it: only its name is sure to be there. */
export interface Listed {
  readonly name: string
  readonly group?: string
  readonly version?: string
  readonly "bom-ref"?: string
  readonly purl?: string
  readonly scope?: string
  readonly hashes?: ReadonlyArray<{ readonly alg: string; readonly content: string }>
  readonly licenses?: unknown
  readonly components?: ReadonlyArray<Listed>
}

const Text = Schema.optionalKey(Schema.String)

const Component: Schema.Codec<Listed> = Schema.Struct({
  name: Schema.String,
  group: Text,
  version: Text,
  "bom-ref": Text,
  purl: Text,
  scope: Text,
  hashes: Schema.optionalKey(Schema.Array(Schema.Struct({ alg: Schema.String, content: Schema.String }))),
  licenses: Schema.optionalKey(Schema.Unknown),
  components: Schema.optionalKey(Schema.Array(Schema.suspend(() => Component))),
})

const Document = Schema.Struct({
  serialNumber: Schema.optionalKey(Schema.Unknown),
  metadata: Schema.optionalKey(Schema.Struct({ component: Schema.optionalKey(Component) })),
  components: Schema.optionalKey(Schema.Array(Component)),
})

/** What a BOM of any origin says, as far as it can be compared with a lock. */
export interface Listing {
  readonly serialNumber: unknown
  readonly subject: Listed | undefined
  /** Components inside other components are listed beside them: CycloneDX lets them stand at any depth. */
  readonly components: ReadonlyArray<Listed>
}

const decode = Schema.decodeUnknownResult(Document)
const toIssues = SchemaIssue.makeFormatterStandardSchemaV1()

const flatten = (components: ReadonlyArray<Listed>): ReadonlyArray<Listed> =>
  components.flatMap((component) => [component, ...flatten(component.components ?? [])])

/** Reads parsed JSON as a BOM; fails with a sentence that names the first place which cannot be read. */
export const readListing = (json: unknown): Result.Result<Listing, string> =>
  Result.mapBoth(decode(json), {
    onSuccess: ({ components, metadata, serialNumber }) => ({
      serialNumber,
      subject: metadata?.component,
      components: [...flatten(metadata?.component?.components ?? []), ...flatten(components ?? [])],
    }),
    onFailure: (error) => {
      const first = toIssues(error.issue).issues[0]
      const path = (first?.path ?? []).map((key) => String(typeof key === "object" ? key.key : key)).join(".")
      return `${path === "" ? "the document" : path}: ${first?.message ?? "unreadable"}`
    },
  })

/** A component's name with its group, as npm writes it. */
export const fullName = ({ group, name }: Pick<Listed, "group" | "name">): string =>
  group === undefined || group === "" ? name : `${group}/${name}`

type Locked = Lock["packages"][number]

/** A lock and a BOM laid side by side. Every locked package and every component is in exactly one list. */
export interface Comparison {
  /** Same name and version on both sides. */
  readonly matched: ReadonlyArray<{ readonly locked: Locked; readonly listed: Listed }>
  /** Same name, but the version is one the lock does not have, or has once only. */
  readonly misversioned: ReadonlyArray<{ readonly locked: Locked; readonly listed: Listed }>
  readonly missing: ReadonlyArray<Locked>
  readonly extra: ReadonlyArray<Listed>
}

/**
 * Compares by name and version. What stays over under one name is paired as a wrong version, so that one changed
 * version is one finding and not a missing package and an extra one.
 */
export const compare = (lock: Lock, components: ReadonlyArray<Listed>): Comparison => {
  const lockedByName = Map.groupBy(lock.packages, ({ name }) => name)
  const listedByName = Map.groupBy(components, fullName)
  const matched: Array<Comparison["matched"][number]> = []
  const misversioned: Array<Comparison["misversioned"][number]> = []
  const missing: Array<Locked> = []
  const extra: Array<Listed> = []
  for (const name of new Set([...lockedByName.keys(), ...listedByName.keys()])) {
    const unlisted: Array<Locked> = []
    const unlocked = new Set(listedByName.get(name) ?? [])
    for (const locked of lockedByName.get(name) ?? []) {
      const listed = [...unlocked].find(({ version }) => version === locked.version)
      if (listed === undefined) unlisted.push(locked)
      else {
        matched.push({ locked, listed })
        unlocked.delete(listed)
      }
    }
    for (const listed of unlocked) {
      const locked = unlisted.shift()
      if (locked === undefined) extra.push(listed)
      else misversioned.push({ locked, listed })
    }
    missing.push(...unlisted)
  }
  return { matched, misversioned, missing, extra }
}
