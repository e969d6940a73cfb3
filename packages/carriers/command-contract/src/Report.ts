import type { ViolationCode } from "./FrameworkError.ts"

/** Takes down one violation of the registration that is being checked. */
export type Report = (code: ViolationCode, path: string, message: string) => undefined

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A value as an author would have written it, for messages. */
export const show = (value: unknown): string => {
  if (typeof value === "function") return "a function"
  if (typeof value === "bigint") return `${value}n`
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return "a value that is not JSON"
  }
}
