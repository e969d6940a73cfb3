/**
 * `doctor`: all checks side by side, each with a limit of its own.
 *
 * @module
 */
import type { Preflight } from "./Application.ts"
import { CommandError } from "./CommandError.ts"
import type { Context } from "./Context.ts"

/** How long one check may take. */
export const preflight_ms_max = 5_000

interface CheckReport {
  readonly name: string
  readonly ok: boolean
  readonly version: string | null
  readonly required: string | null
  readonly error?: string
  /** The command, or in words what to do. */
  readonly fix?: string
  /** Runs as it stands. */
  readonly fix_command?: string
}

type Args = Readonly<Record<string, unknown>>

const runCheck = async (preflight: Preflight, ctx: Context, args: Args): Promise<CheckReport> => {
  const { advice, fix, name, required = null } = preflight
  const limit_ms = Math.min(preflight_ms_max, ctx.timeouts.remainingMs() ?? preflight_ms_max)
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not answer within ${limit_ms} ms`)), limit_ms)
  })
  try {
    const found = await Promise.race([preflight.check(ctx, args), expired])
    return { name, ok: true, version: found?.version ?? null, required }
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    // What a check says of this failure is more than what its registration says of any.
    const own = CommandError.is(error) ? error.options : undefined
    const typed = own?.fix_required ?? (own?.suggestion === undefined ? fix : undefined)
    const words = own?.suggestion ?? advice
    return {
      name,
      ok: false,
      version: null,
      required,
      error: said,
      ...(typed === undefined ? (words === undefined ? {} : { fix: words }) : { fix: typed, fix_command: typed }),
    }
  } finally {
    clearTimeout(timer)
  }
}

/** A failed check in full: a table on a terminal may have no room for it. */
const tell = ({ error = "failed", fix, name }: CheckReport): string =>
  `${name}: ${error}${fix === undefined ? "" : `${/[.!?]$/u.test(error) ? "" : "."} Fix: ${fix}`}`

/** Runs all checks; fails with DOCTOR_CHECKS_FAILED, keeping the list, when one does not pass. */
export const runDoctor = async (preflights: ReadonlyArray<Preflight>, ctx: Context, args: Args): Promise<object> => {
  const checks = await Promise.all(preflights.map((each) => runCheck(each, ctx, args)))
  const failed = checks.filter(({ ok }) => !ok)
  if (failed.length === 0) return { checks }
  throw new CommandError({
    exit: "GENERAL_ERROR",
    code: "DOCTOR_CHECKS_FAILED",
    message: `${failed.length} of ${checks.length} checks failed: ${failed.map(({ name }) => name).join(", ")}.`,
    detail: failed.map(tell).join("\n  "),
    data: { checks },
  })
}
