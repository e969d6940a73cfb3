import { Factories } from "@cyclonedx/cyclonedx-library/Contrib/License"
import { LicenseExpression, SpdxLicense } from "@cyclonedx/cyclonedx-library/Models"
import parseExpression from "spdx-expression-parse"
import type { LicenseChoice } from "./document.ts"

const factory = new Factories.LicenseFactory(parseExpression)

/**
 * States the `license` of a package.json in CycloneDX's terms: as the id when SPDX lists it, as an expression when it
 * is one, and otherwise by name ("SEE LICENSE IN …", "UNLICENSED"), which claims nothing about its terms.
 *
 * @example
 * licenseChoice("(MIT OR Apache-2.0)") // { expression: "(MIT OR Apache-2.0)" }
 */
export const licenseChoice = (license: string): LicenseChoice => {
  const found = factory.makeFromString(license)
  if (found instanceof SpdxLicense) return { license: { id: found.id } }
  if (found instanceof LicenseExpression) return { expression: found.expression }
  return { license: { name: license } }
}
