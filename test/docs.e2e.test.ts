import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { checkPages } from "./support/docs/check-pages.ts"
import { trackedPaths } from "./support/house/tracked-paths.ts"
import { needs } from "./support/needs.ts"

const root = join(import.meta.dirname, "..")
const tracked = trackedPaths(root)
const pages = tracked
  .filter((path) => /^(README\.md|docs\/.*\.md|(packages|examples)\/(.*\/)?README\.md)$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }))

needs("bash")(it)(
  "every snippet in the documentation compiles, runs and prints what it says",
  { timeout: 600_000 },
  async () => {
    expect(pages.length).toBeGreaterThan(0)
    const problems = await checkPages({ root, tracked }, pages)
    expect(problems.join("\n\n")).toBe("")
  },
)
