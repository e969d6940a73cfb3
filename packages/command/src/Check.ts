import {
  FrameworkError,
  type Violation,
  checkApplication,
  effectiveExitCodes,
  exit_codes,
  job_cancel_exit_codes,
  job_status_exit_codes,
} from "@waybill/command-contract"
import type { ApplicationOptions } from "./Application.ts"

/** What `job status` and `job cancel` can end with whatever the program is. */
const job_codes = {
  ...effectiveExitCodes({ exit_codes: {} }),
  ...job_cancel_exit_codes,
  ...job_status_exit_codes,
  [exit_codes.UNAVAILABLE]: { name: "UNAVAILABLE" },
}

/** Codes that a program adds to `job status` and `job cancel` keep the rules of a command's, and mean nothing else there. */
const jobViolations = ({ jobs, name, version }: ApplicationOptions): ReadonlyArray<Violation> => {
  if (jobs === undefined) return []
  const { error_registry, exit_codes: added = {} } = jobs
  const at = (path: string) => `jobs.${path}`
  const there = { description: "Both commands have it", retryable: false, side_effects: "none" }
  const declaration = {
    name: "hooks",
    description: "Stands for both commands",
    danger_level: "safe",
    exit_codes: {
      SUCCESS: there,
      GENERAL_ERROR: there,
      ARG_ERROR: there,
      NOT_FOUND: there,
      TIMEOUT: there,
      UNAVAILABLE: there,
      ...added,
    },
    ...(error_registry === undefined ? {} : { error_registry }),
    output_schema: { type: "object" },
    execute: async () => ({}),
  }
  const broken = checkApplication({ name, version, commands: [declaration] })
    .filter(({ path }) => /^(?:exit_codes|error_registry)/u.test(path))
    .map((each): Violation => ({ ...each, command: "", path: at(each.path) }))
  const clashing = Object.entries(added).flatMap(([key, promise]): ReadonlyArray<Violation> => {
    const own: unknown = "code" in promise ? promise.code : Reflect.get(exit_codes, key)
    const taken: { readonly name: string } | undefined = Reflect.get(job_codes, String(own))
    if (taken === undefined) return []
    const message = `${String(own)} is ${taken.name} of job status or job cancel; use a code that they do not have`
    return [{ code: "EXIT_CODE_KEY_INVALID", command: "", path: at(`exit_codes.${key}`), message }]
  })
  return [...broken, ...clashing]
}

/** Everything that the registrations of a program break. */
export const violationsOf = (app: ApplicationOptions): ReadonlyArray<Violation> => [
  ...checkApplication({ ...app, commands: app.commands.map((each) => each.declaration) }),
  ...jobViolations(app),
]

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
