import type { Hash } from "./integrity.ts"
import type { Scope } from "./lockfile.ts"

/** A licence as CycloneDX 1.6 writes it: a listed SPDX id, an SPDX expression, or, for anything else, its name. */
export type LicenseChoice =
  | { readonly license: { readonly id: string } | { readonly name: string } }
  | { readonly expression: string }

/** The part of a CycloneDX 1.6 component that the quickstart writes. */
export interface Component {
  readonly type: "application" | "library"
  readonly "bom-ref": string
  readonly group?: string
  readonly name: string
  readonly version?: string
  readonly scope?: Scope
  readonly hashes?: ReadonlyArray<Hash>
  readonly licenses?: ReadonlyArray<LicenseChoice>
  readonly purl: string
  readonly properties?: ReadonlyArray<{ readonly name: string; readonly value: string }>
}

/** The part of a CycloneDX 1.6 JSON document that the quickstart writes. */
export interface Bom {
  readonly $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json"
  readonly bomFormat: "CycloneDX"
  readonly specVersion: "1.6"
  readonly serialNumber?: string
  readonly version: 1
  readonly metadata: { readonly component: Component }
  readonly components: ReadonlyArray<Component>
}
