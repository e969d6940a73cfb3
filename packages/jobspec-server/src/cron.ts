/**
 * Cron expressions as the contract's reference takes them (JobSpec v0 §5.5, §17): five fields or an `@` descriptor, with a
 * time zone in front where one is wanted.
 *
 * @module
 */
import { Cron } from "croner"
import { durationOf } from "./durations.ts"

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

const everyOf = (rest: string): number | undefined => {
  const said = /^@every\s+(\S+)$/u.exec(rest)?.[1]
  const every_ms = said === undefined ? undefined : durationOf(said)
  return every_ms === undefined || every_ms < 1000 ? undefined : every_ms
}

const cronOf = (expression: string): Cron | string => {
  const { rest, zone } = split(expression)
  const fields = rest.startsWith("@") ? descriptors[rest] : rest
  if (fields === undefined)
    return "unknown descriptor: want @every <time of 1s or more> or @hourly, @daily, @weekly, @monthly, @yearly"
  const count = fields.split(/\s+/u).length
  if (count !== 5) return `expected exactly 5 fields, found ${count}`
  try {
    const cron = new Cron(fields, { paused: true, timezone: zone ?? "UTC" })
    // Whether the time zone exists shows only when it is used.
    cron.nextRun()
    return cron
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

/** What is wrong with an expression, or `undefined`. */
export const refuseCron = (expression: string): string | undefined => {
  if (everyOf(split(expression).rest) !== undefined) return undefined
  const cron = cronOf(expression)
  return typeof cron === "string" ? cron : undefined
}

/**
 * The latest tick above one time and up to another, in milliseconds since the epoch; `undefined` where there is none. Ticks
 * of `@every` are counted from the epoch, so that every process means the same ones.
 */
export const lastTick_ms = (expression: string, after_ms: number, until_ms: number): number | undefined => {
  const every_ms = everyOf(split(expression).rest)
  const tick_ms = every_ms === undefined ? lastOf(expression, until_ms) : Math.floor(until_ms / every_ms) * every_ms
  return tick_ms !== undefined && tick_ms > after_ms ? tick_ms : undefined
}

const lastOf = (expression: string, until_ms: number): number | undefined => {
  const cron = cronOf(expression)
  // What stands before the next millisecond is due now.
  return typeof cron === "string" ? undefined : cron.previousRuns(1, new Date(until_ms + 1))[0]?.getTime()
}
