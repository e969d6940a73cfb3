import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { type TestContext, it } from "vitest"

/** Whether a program of that name can be started from PATH. */
const onPath = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/** Ends a test as skipped and says so in one line: `SKIPPED <test> : needs <tool>`. */
const skipped = (tool: string) => (context: TestContext) => {
  const path = [context.task.name]
  for (let suite = context.task.suite; suite !== undefined && suite.name !== ""; suite = suite.suite) {
    path.unshift(suite.name)
  }
  console.warn(`SKIPPED ${path.join(" > ")} : needs ${tool}`)
  context.skip(`needs ${tool}`)
}

/**
 * Declares a test that cannot run without a tool of the machine. Where the tool is missing the test is reported as
 * skipped, with one line that names it; a tool that is there changes nothing.
 *
 * @param tool what to install, in words for a person; by default also the program looked for on PATH
 * @param found how to tell that it is there, when that is not a program on PATH
 *
 * @example
 * needs("chromium")(it)("renders the page", async () => { … })
 * needs("chromium")(it.effect)("renders the page", () => Effect.gen(function* () { … }))
 * needs("PostgreSQL at DATABASE_URL", () => process.env.DATABASE_URL !== undefined)(it)("commits", async () => { … })
 */
export const needs =
  (tool: string, found: () => boolean = () => onPath(tool)) =>
  <Declare extends (...args: never) => unknown>(declare: Declare): Declare =>
    found() ? declare : new Proxy(declare, { apply: (_, __, [name]: [string]) => it(name, skipped(tool)) })
