import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Bom, Component } from "../src/bom/document.ts"
import { allOmissions, encodeBom, generateBom } from "../src/bom/generate.ts"
import type { Lock } from "../src/bom/lockfile.ts"
import { planAttempt } from "../src/bom/mend.ts"
import { checkBom, messageLength_max } from "../src/bom/checks.ts"
import { Result } from "effect"
import { anyLock, failedNames, failuresOf } from "./support/locks.ts"

const replace = (bom: Bom, at: number, change: (component: Component) => Component): Bom => ({
  ...bom,
  components: bom.components.map((component, index) => (index === at ? change(component) : component)),
})

const flipHex = (text: string): string => (text.startsWith("0") ? "1" : "0") + text.slice(1)

/** One change to a BOM, and the check that is there to see it; `undefined` where it does not apply. */
const tamperings: Readonly<Record<string, (bom: Bom, at: number) => Bom | undefined>> = {
  complete: (bom, at) => ({ ...bom, components: bom.components.filter((_component, index) => index !== at) }),
  "no-extras": (bom) => ({
    ...bom,
    components: [
      ...bom.components,
      {
        type: "library",
        "bom-ref": "extra",
        name: "not-in-the-lock",
        version: "1.0.0",
        purl: "pkg:npm/not-in-the-lock@1.0.0",
      },
    ],
  }),
  versions: (bom, at) => replace(bom, at, (component) => ({ ...component, version: "999.0.0" })),
  purls: (bom, at) => replace(bom, at, (component) => ({ ...component, purl: `${component.purl}0` })),
  hashes: (bom, at) =>
    bom.components[at]?.hashes === undefined
      ? undefined
      : replace(bom, at, (component) => ({
          ...component,
          hashes: (component.hashes ?? []).map((hash, index) =>
            index === 0 ? { ...hash, content: flipHex(hash.content) } : hash,
          ),
        })),
  licenses: (bom, at) =>
    replace(bom, at, (component) => ({ ...component, licenses: [{ license: { id: "GPL-3.0-only" } }] })),
  scopes: (bom, at) =>
    replace(bom, at, (component) => ({
      ...component,
      scope: component.scope === "required" ? "excluded" : "required",
    })),
  "bom-refs": (bom, at) =>
    replace(bom, at, (component) => ({ ...component, "bom-ref": bom.metadata.component["bom-ref"] })),
  "serial-number": (bom) => ({ ...bom, serialNumber: "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79" }),
  subject: (bom) => ({ ...bom, metadata: { component: { ...bom.metadata.component, name: "another" } } }),
}

const filledLock = anyLock.filter((lock) => lock.packages.length > 0)

describe("for any lock file", () => {
  it("the full BOM is accepted", () =>
    fc.assert(
      fc.asyncProperty(anyLock, async (lock) => {
        expect(await failuresOf(lock, encodeBom(generateBom(lock)))).toEqual([])
      }),
    ))

  it.each(Object.entries(tamperings))("%s alone fails when that is what was tampered with", (name, tamper) =>
    fc.assert(
      fc.asyncProperty(filledLock, fc.nat(), async (lock, choice) => {
        const bom = generateBom(lock)
        const tampered = tamper(bom, choice % bom.components.length)
        fc.pre(tampered !== undefined)
        expect(await failuresOf(lock, encodeBom(tampered))).toEqual([name])
      }),
    ),
  )

  it("the BOM of one lock is not that of another", () =>
    fc.assert(
      fc.asyncProperty(anyLock, anyLock, async (lock: Lock, other: Lock) => {
        fc.pre(lock.sha256 !== other.sha256)
        expect(await failuresOf(lock, encodeBom(generateBom(other)))).toContain("serial-number")
      }),
    ))

  it("a repair that is told all checks is accepted; one told the failed ones alone passes those", () =>
    fc.assert(
      fc.asyncProperty(anyLock, fc.boolean(), async (lock, failedOnly) => {
        const first = await checkBom(lock, encodeBom(generateBom(lock, new Set(allOmissions))))
        expect(failedNames(first)).toContain("serial-number")
        const checks = first.filter(({ status }) => !failedOnly || status === "failed")
        const plan = Result.getOrThrow(planAttempt({ previous: { reason: "rejected", checks } }))
        const second = failedNames(await checkBom(lock, encodeBom(generateBom(lock, plan.omissions))))
        // Hashes of packages that were not there at first can be judged only once they are.
        if (!failedOnly) expect(second).toEqual([])
        else expect(second.filter((name) => plan.mended.includes(name))).toEqual([])
      }),
    ))

  it("whatever the artifact is, every message is one short line", () =>
    fc.assert(
      fc.asyncProperty(anyLock, fc.array(fc.string({ unit: "binary", maxLength: 400 })), async (lock, names) => {
        const components = names.map((name) => ({ type: "library", name, version: name }))
        const artifact = JSON.stringify({ bomFormat: "CycloneDX", specVersion: "1.6", components })
        for (const { message = "" } of await checkBom(lock, new TextEncoder().encode(artifact))) {
          expect(message.length).toBeLessThanOrEqual(messageLength_max)
          expect(message).not.toMatch(/\p{Cc}/u)
        }
      }),
    ))
})
