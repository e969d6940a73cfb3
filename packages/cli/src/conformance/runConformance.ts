/**
 * A run of the conformance program: the laws are the package's, here are its words on the way and its reports.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import {
  all_levels,
  badgeSvg,
  beginWith,
  brokenLaws,
  CannotRestart,
  checkServer,
  conclusionOf,
  type Level,
  NoLedger,
  NotAServer,
  reportHtml,
  reportJson,
  restartBy,
  type ServerReport,
  type Target,
  TokenRefused,
} from "@waybill/conformance"
import { readRegularFile } from "@waybill/host"
import { accessSync, constants, existsSync, writeFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { irregular, refuseIrregular } from "../refuseIrregular.ts"

export interface ConformanceRun {
  readonly url: string
  readonly token: string | undefined
  readonly token_file: string | undefined
  readonly level: number | undefined
  readonly restart_cmd: string | undefined
  readonly ledger: string | undefined
  readonly seed: number | undefined
  readonly time_ms: number
  readonly report: ReadonlyArray<string>
  readonly badge: string | undefined
}

const tokenIn = (file: string): string => {
  try {
    return readRegularFile(file).toString("utf8").trim()
  } catch (cause) {
    const refused = irregular("--token-file", cause)
    if (refused !== undefined) throw refused
    throw new CommandError({
      exit: "PRECONDITION",
      code: "TOKEN_UNREADABLE",
      message: `The token file ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    })
  }
}

const targetOf = ({ ledger, restart_cmd, token, token_file, url }: ConformanceRun): Target => {
  const address = url.replace(/\/+$/u, "")
  const secret = token ?? (token_file === undefined ? undefined : tokenIn(token_file))
  return {
    url: address,
    ...(secret === undefined ? {} : { token: secret }),
    ...(ledger === undefined ? {} : { ledger }),
    ...(restart_cmd === undefined ? {} : { restart: restartBy(restart_cmd, address) }),
  }
}

/** What ends a run before anything can be said of the server. */
const refusals = [
  [NotAServer, "NOT_A_SERVER"],
  [TokenRefused, "TOKEN_REFUSED"],
  [CannotRestart, "CANNOT_RESTART"],
  [NoLedger, "NO_LEDGER"],
] as const

const reportIn = (path: string, report: ServerReport): string =>
  path.endsWith(".html") ? reportHtml(report) : reportJson(report)

const unwritable = (option: string, path: string, cause: unknown, data?: object): CommandError =>
  new CommandError({
    exit: "PRECONDITION",
    code: "REPORT_UNWRITABLE",
    message: `${option} ${path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
    cause,
    ...(data === undefined ? {} : { data }),
  })

/** Refuses a path where nothing can be written: a run takes a minute, and its report should not be lost at its end. */
const refuseUnwritable = (option: string, path: string): void => {
  refuseIrregular(option, path)
  try {
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK)
  } catch (cause) {
    throw unwritable(option, path, cause)
  }
}

/** Where no terminal shows what is going on, `--verbose` shows it as lines. */
const log_every_ms = 10_000

/**
 * Writes what was looked at until the run was ended, at once: who ended it does not wait for long. There is no badge of a part. Whatever
 * cannot be written is said.
 */
const writeInterrupted = (run: ConformanceRun, ctx: Context, report: ServerReport): void => {
  for (const path of run.report)
    try {
      writeFileSync(path, reportIn(path, report))
    } catch (cause) {
      ctx.log(unwritable("--report", path, cause).message)
    }
}

const checked = async (run: ConformanceRun, ctx: Context): Promise<ServerReport> => {
  let logged_ms = performance.now()
  const level: Level | undefined = all_levels.find((each) => each === run.level)
  try {
    return await checkServer(targetOf(run), {
      time_ms: run.time_ms,
      signal: ctx.signal,
      ...(level === undefined ? {} : { level }),
      ...(run.seed === undefined ? {} : { seed: run.seed }),
      onChecked: ({ id, verdict }, done, of) => {
        if (performance.now() - logged_ms > log_every_ms) {
          logged_ms = performance.now()
          ctx.log(`${done} of ${of} laws`)
        }
        ctx.progress(`${done}/${of} ${id} ${verdict.status}`)
        if (verdict.status === "fail") ctx.log(`${id}: ${verdict.reason}`)
      },
      onInterrupted: (report) => writeInterrupted(run, ctx, report),
    })
  } catch (cause) {
    const [, code] = refusals.find(([of]) => cause instanceof of) ?? []
    if (code === undefined || !(cause instanceof Error)) throw cause
    throw new CommandError({ exit: "PRECONDITION", code, message: cause.message, cause })
  }
}

/** What of a report stands in the answer; all of it stands in the files. */
const summaryOf = (report: ServerReport) => ({
  url: report.url,
  seed: report.seed,
  took_ms: report.took_ms,
  conclusion: conclusionOf(report),
  levels: report.levels,
  broken: brokenLaws(report).map(({ id, requests, statement, verdict }) => ({ id, statement, verdict, requests })),
  not_passed: report.laws.flatMap(({ id, verdict }) =>
    verdict.status === "skipped" || verdict.status === "not applicable" ? [{ id, ...verdict }] : [],
  ),
})

const repeat =
  "Repeat the requests of each broken law with curl; --report FILE.html shows them beside what was expected."

/** What to do where nothing is broken and the claim does not hold all the same. */
const fixOfNotShown = ({ claimed = 4, levels }: ServerReport): string => {
  const open = levels.filter(
    ({ level, status }) => level <= claimed && (status === "not shown" || status === "not applicable"),
  )
  const said = open.map(
    ({ level, reason = "it was not looked at", status }) => `level ${level} is ${status} (${reason})`,
  )
  return `No law is broken: ${said.join("; ")}. Give what is lacking, or claim a lower level with --level.`
}

const nothing = (): void => undefined

/** Checks, writes the reports, and ends well only if the claim holds. */
export const runConformance = async (run: ConformanceRun, ctx: Context) => {
  for (const path of run.report) refuseUnwritable("--report", path)
  if (run.badge !== undefined) refuseUnwritable("--badge", run.badge)
  if (run.ledger !== undefined) refuseIrregular("--ledger", run.ledger)
  const checking = checked(run, ctx)
  // When the run is told to end, what it made is called off meanwhile.
  ctx.onCleanup(() => checking.then(nothing, nothing))
  const report = await checking
  const data = summaryOf(report)
  const write = (option: string, path: string, text: string): Promise<void> =>
    writeFile(path, text).catch((cause: unknown) => {
      throw unwritable(option, path, cause, data)
    })
  for (const path of run.report) await write("--report", path, reportIn(path, report))
  if (run.badge !== undefined) await write("--badge", run.badge, badgeSvg(report))
  if (report.isKept) return data
  const [first] = data.broken
  throw new CommandError({
    exit: "LEVEL_NOT_HELD",
    code: "LEVEL_NOT_HELD",
    message: first === undefined ? data.conclusion : `${data.conclusion} ${first.id}: ${first.statement}`,
    fix_required: first === undefined ? fixOfNotShown(report) : `${beginWith(report)} ${repeat}`,
    data,
  })
}
