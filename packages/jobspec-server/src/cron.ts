/**
 * Cron expressions as the contract's reference takes them (JobSpec v0 §5.5, §17): five fields or an `@` descriptor, with a
 * time zone in front where one is wanted.
 *
 * @module
 */
import { Cron } from "croner"
import { Result } from "effect"
import { plainFields } from "./cronFields.ts"

interface Expression {
  readonly zone: string | undefined
  readonly rest: string
}

const split = (expression: string): Expression => {
  const parts = /^(?:CRON_)?TZ=(\S+)\s+(.*)$/su.exec(expression.trim())
  return { zone: parts?.[1], rest: (parts?.[2] ?? expression).trim() }
}

const descriptors: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
}

const unit_ms: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 36e5,
}
const every_ms_max = 100 * 366 * 86_400_000

/** `1h30m` and its like, down to whole seconds; `undefined` for what is no time of a second or more. */
const periodOf = (text: string): number | undefined => {
  if (!/^(?:\d{1,15}(?:\.\d{0,9})?(?:ns|us|µs|μs|ms|s|m|h))+$/u.test(text)) return undefined
  let sum_ms = 0
  for (const [, count, unit = ""] of text.matchAll(/([\d.]+)(\D+)/gu)) sum_ms += Number(count) * (unit_ms[unit] ?? 0)
  if (sum_ms < 1000 || sum_ms > every_ms_max) return undefined
  return Math.floor(sum_ms / 1000) * 1000
}

type Ticks = { readonly every_ms: number } | { readonly cron: Cron }

const cronOf = (fields: string, zone: string | undefined): Result.Result<Ticks, string> =>
  Result.flatMap(plainFields(fields), (plain) => {
    try {
      const cron = new Cron(plain, { paused: true, timezone: zone ?? "UTC" })
      // Whether the time zone exists shows only when it is used.
      if (cron.nextRun() === null) return Result.fail("no date is like that, so it would never come")
      return Result.succeed({ cron })
    } catch (cause) {
      return Result.fail(cause instanceof Error ? cause.message : String(cause))
    }
  })

const ticksOf = (expression: string): Result.Result<Ticks, string> => {
  const { rest, zone } = split(expression)
  if (!rest.startsWith("@")) return cronOf(rest, zone)
  const fields = descriptors[rest]
  if (fields !== undefined) return cronOf(fields, zone)
  const said = /^@every\s+(.*)$/su.exec(rest)?.[1]
  if (said === undefined)
    return Result.fail("unknown descriptor: want @every <time> or @hourly, @daily, @weekly, @monthly, @yearly")
  const every_ms = periodOf(said)
  return every_ms === undefined
    ? Result.fail(`@every wants a time of 1s or more, such as 90s, 10m or 1h30m, not ${JSON.stringify(said)}`)
    : Result.succeed({ every_ms })
}

/** What is wrong with an expression, or `undefined`. */
export const refuseCron = (expression: string): string | undefined => {
  const ticks = ticksOf(expression)
  return Result.isFailure(ticks) ? ticks.failure : undefined
}

/**
 * The latest tick above one time and up to another, in milliseconds since the epoch; `undefined` where there is none. Ticks
 * of `@every` are counted from the epoch, so that every process means the same ones.
 */
export const lastTick_ms = (expression: string, after_ms: number, until_ms: number): number | undefined => {
  const ticks = ticksOf(expression)
  const tick_ms = Result.isSuccess(ticks) ? lastOf(ticks.success, until_ms) : undefined
  return tick_ms !== undefined && tick_ms > after_ms ? tick_ms : undefined
}

const lastOf = (ticks: Ticks, until_ms: number): number | undefined => {
  if ("every_ms" in ticks) return Math.floor(until_ms / ticks.every_ms) * ticks.every_ms
  // What stands before the next millisecond is due now.
  return ticks.cron.previousRuns(1, new Date(until_ms + 1))[0]?.getTime()
}
