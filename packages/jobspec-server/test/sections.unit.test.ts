import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"

/**
 * The sections of JobSpec v0 that speak of HTTP, of the files that a server leaves, and of the process around it, and the eleven
 * checks of §16.1. The others are those of the carrier, whose own list is beside its tests.
 */
const sections = [
  ..."1.1 1.2 1.3 1.4 2 3.1 3.2 3.3 3.4 3.5 3.6 4 4.1 4.2".split(" "),
  ..."5.1 5.2 5.3 5.4 5.5 5.6 6.1 6.2 6.3 6.4 6.5 6.6 7.1 7.4 7.5 7.6 7.7 13 15.1 15.2 15.3 15.4".split(" "),
  ...Array.from({ length: 11 }, (_, i) => `16.1.${i + 1}`),
]

it("every section that speaks of HTTP has a test that names it", () => {
  const map = new Map<string, Array<string>>(sections.map((section) => [section, []]))
  for (const name of readdirSync(import.meta.dirname)) {
    if (!/\.(?:int|e2e|unit)\.test\.ts$/u.test(name)) continue
    const text = readFileSync(join(import.meta.dirname, name), "utf8")
    // A title is the text that a test begins with.
    for (const [, title = ""] of text.matchAll(/\bit(?:\(|\)\()\s*["`]([^"`]+)["`]/gu))
      for (const [, section = ""] of title.matchAll(/§(\d+(?:\.\d+)*)/gu)) map.get(section)?.push(`${name}: ${title}`)
  }
  console.log(
    [...map].map(([section, titles]) => `§${section}\n${titles.map((title) => `  ${title}\n`).join("")}`).join(""),
  )
  const without = [...map].flatMap(([section, titles]) => (titles.length === 0 ? [section] : []))
  console.log(`sections without a test: ${JSON.stringify(without)}`)
  expect(without).toEqual([])
})
