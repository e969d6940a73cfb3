import { FrameworkError, type Violation, checkApplication } from "@waybill/command-contract"
import type { ApplicationOptions } from "./Application.ts"

/** Everything that the registrations of a program break. */
export const violationsOf = (app: ApplicationOptions): ReadonlyArray<Violation> =>
  checkApplication({ ...app, commands: app.commands.map((each) => each.declaration) })

/**
 * Throws a {@link FrameworkError} that lists every violation. `main` does this before the first command; a test of the
 * program does it at build.
 *
 * @example
 * it("keeps the command contract", () => check(app))
 */
export const check = (app: ApplicationOptions): void => {
  const [first, ...rest] = violationsOf(app)
  if (first !== undefined) throw new FrameworkError([first, ...rest])
}
