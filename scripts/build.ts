/** `npm run build`: JavaScript and declarations of every public package into its `dist`, and the program bundled. */
import { rmSync } from "node:fs"
import { join } from "node:path"
import { bundleProgram } from "./bundle-program.ts"
import { missingFromBuild, publicPackagesOf } from "./public-packages.ts"
import { root, run } from "./run-tool.ts"

const missing = missingFromBuild(root)
if (missing.length > 0) {
  console.error(`tsconfig.build.json does not list ${missing.join(", ")}: add { "path": … } to its references.`)
  process.exitCode = 1
} else {
  // A module that is gone from src must not live on in dist.
  for (const { folder } of publicPackagesOf(root)) rmSync(join(root, folder, "dist"), { recursive: true, force: true })
  process.exitCode = await run(["tsc", "-b", "tsconfig.build.json", ...process.argv.slice(2)], root)
  if (process.exitCode === 0) await bundleProgram(root)
}
