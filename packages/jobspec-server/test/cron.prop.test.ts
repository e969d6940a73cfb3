import { Result } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { lastTick_ms, refuseCron } from "../src/index.ts"
import { plainFields } from "../src/cronFields.ts"

const at = (text: string) => Date.parse(text)

describe("§5.5 cron", () => {
  const bounds = [
    [0, 59],
    [0, 23],
    [1, 31],
    [1, 12],
    [0, 6],
  ] as const
  /** One part of a list, and which values it names. */
  const part = ([least, most]: readonly [number, number]) =>
    fc
      .record({
        ends: fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most })),
        form: fc.constantFrom("*", "from", "range"),
        step: fc.option(fc.integer({ min: 1, max: 120 }), { nil: undefined }),
      })
      .map(({ ends, form, step }) => {
        const [from, to] = ends.toSorted((a, b) => a - b) as [number, number]
        const [a, b] =
          form === "*" ? [least, most] : form === "range" ? [from, to] : [from, step === undefined ? from : most]
        const text = form === "*" ? "*" : form === "range" ? `${from}-${to}` : `${from}`
        return {
          text: step === undefined ? text : `${text}/${step}`,
          has: (value: number) => value >= a && value <= b && (value - a) % (step ?? 1) === 0,
        }
      })
  const field = (bound: readonly [number, number]) => fc.array(part(bound), { minLength: 1, maxLength: 3 })

  it("each field names the moments that the reference's grammar says, whatever the steps", () =>
    fc.assert(
      fc.property(fc.tuple(...bounds.map(field)), (parts) => {
        const plain = plainFields(parts.map((list) => list.map(({ text }) => text).join(",")).join(" "))
        const fields = Result.getOrThrow(plain).split(" ")
        for (const [i, [least, most]] of bounds.entries())
          for (let value = least; value <= most; value++)
            expect(fields[i] === "*" || fields[i]?.split(",").includes(String(value))).toBe(
              parts[i]?.some(({ has }) => has(value)),
            )
      }),
      { numRuns: 200 },
    ))

  it.each<[string, string]>([
    ["5/15 * * * *", "2026-04-28T11:50:00Z"],
    ["*/100 * * * *", "2026-04-28T12:00:00Z"],
    ["0 0 ? * SUN", "2026-04-26T00:00:00Z"],
    ["0 0 * * 7", "2026-04-26T00:00:00Z"],
    ["0 9-17/4 * jan,APR mon-fri", "2026-04-28T09:00:00Z"],
    ["0 0 13 * 5", "2026-04-24T00:00:00Z"],
    ["@every 1h30m", "2026-04-28T12:00:00Z"],
    ["@every 1.5h", "2026-04-28T12:00:00Z"],
    ["@every 1500ms", "2026-04-28T12:00:01Z"],
    ["TZ=Europe/Berlin @daily", "2026-04-27T22:00:00Z"],
  ])("%s is taken, and came last at %s", (cron, last) => {
    expect(refuseCron(cron)).toBeUndefined()
    expect(lastTick_ms(cron, 0, at("2026-04-28T12:00:01Z"))).toBe(at(last))
  })

  it.each<[string, string]>([
    ["60 * * * *", 'minute: "60" is not within 0 to 59'],
    ["* 5-3 * * *", 'hour: "5-3" ends before it begins'],
    ["*/0 * * * *", 'minute: "*/0" has a step of 0'],
    ["* * 0 * *", 'day of month: "0" is not within 1 to 31'],
    ["* * * foo *", 'month: "foo" is not VALUE'],
    ["1,,2 * * * *", 'minute: "" is not VALUE'],
    ["* * L * *", 'day of month: "L" is not VALUE'],
    ["* * * * * *", "expected exactly 5 fields, found 6"],
    ["0 0 30 2 *", "no date is like that, so it would never come"],
    ["@every -1h", "@every wants a time of 1s or more"],
    ["@every 999ms", "@every wants a time of 1s or more"],
    ["@every 5", "@every wants a time of 1s or more"],
    ["@never", "unknown descriptor"],
    ["TZ=Not/AZone 0 0 * * *", ""],
  ])("%s is refused, and told why", (cron, reason) => {
    expect(refuseCron(cron)).toContain(reason)
    expect(lastTick_ms(cron, 0, at("2026-04-28T12:00:01Z"))).toBeUndefined()
  })
})
