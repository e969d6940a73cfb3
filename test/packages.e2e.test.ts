import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { expect, it } from "vitest"
import { needs } from "./support/needs.ts"

const root = join(import.meta.dirname, "..")

needs("npm")(it)("a stranger can install, import and type-check every public package", { timeout: 300_000 }, () => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--conditions=@waybill/source", join(root, "scripts/check-packages.ts")],
    { cwd: root, encoding: "utf8" },
  )
  expect(status, `${stdout}\n${stderr}`).toBe(0)
})
