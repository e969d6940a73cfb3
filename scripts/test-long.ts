/** `npm run test:long`: the tests named `*.long.test.ts`, which take minutes and stand outside `npm test`. */
import { globSync } from "node:fs"
import { root, run } from "./run-tool.ts"

const files = globSync("{packages,examples,test}/**/*.long.test.ts", {
  cwd: root,
  exclude: (path) => path.endsWith("node_modules"),
})
if (files.length === 0) {
  console.log("There are no long tests (*.long.test.ts).")
} else {
  process.exitCode = await run(
    ["vitest", "run", "--config", "vitest.workspace.ts", "--mode", "long", ...process.argv.slice(2)],
    root,
  )
}
