import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { duration_ms_max, formatDuration, parseDuration } from "../src/index.ts"

const unit = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const

it("a limit that is written is read back as the same number of milliseconds", () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: duration_ms_max }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toEqual({ ok: true, ms })
    }),
  ))

it("parts add up, in any choice of units, as long as they descend", () =>
  fc.assert(
    fc.property(fc.subarray(["h", "m", "s", "ms"] as const, { minLength: 1 }), fc.nat(99), (units, amount) => {
      const text = units.map((each) => `${amount}${each}`).join("")
      const ms = units.reduce((sum, each) => sum + amount * unit[each], 0)
      const read = parseDuration(text)
      expect(read).toEqual(amount === 0 ? { ok: false, problem: expect.any(String) } : { ok: true, ms })
    }),
  ))

it("a fraction counts as the next whole millisecond, never as nothing", () =>
  fc.assert(
    fc.property(fc.nat(9_999_999), fc.constantFrom("h", "m", "s", "ms" as const), (digits, each) => {
      const fraction = String(digits).padStart(7, "0")
      const exact = (BigInt(digits) * BigInt(unit[each]) + 9_999_999n) / 10_000_000n
      const read = parseDuration(`0.${fraction}${each}`)
      expect(read).toEqual(digits === 0 ? { ok: false, problem: expect.any(String) } : { ok: true, ms: Number(exact) })
    }),
  ))

it("no text makes it throw, and what it accepts is a limit a timer can keep", () =>
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.hms+-]{0,12}$/)), (text) => {
      const read = parseDuration(text)
      if (!read.ok) return
      if (read.ms === undefined) expect(text).toBe("0")
      else expect(Number.isInteger(read.ms) && read.ms >= 1 && read.ms <= duration_ms_max).toBe(true)
    }),
  ))

describe("the table of examples", () => {
  it.each([
    ["300s", 300_000],
    ["5m", 300_000],
    ["500ms", 500],
    ["1h30m", 5_400_000],
    ["1.5s", 1_500],
    ["90m", 5_400_000],
    ["1h90m", 9_000_000],
    ["0.0001ms", 1],
    ["2147483647ms", 2_147_483_647],
    ["0", undefined],
  ])("%s is read", (text, ms) => expect(parseDuration(text)).toEqual({ ok: true, ms }))

  it.each([
    "5",
    "300",
    "-1",
    "-5s",
    "+5s",
    "0s",
    "0ms",
    "0h0m",
    "00",
    "0.0",
    "30m1h",
    "5s5s",
    "5 s",
    "5S",
    ".5s",
    "1e3s",
    "1d",
    "",
    "5.s",
    "2147483648ms",
    "٣s",
  ])("%j is refused", (text) => expect(parseDuration(text)).toEqual({ ok: false, problem: expect.stringMatching(/./) }))

  it("a number without a unit is told which units it could have", () => {
    expect(parseDuration("5")).toMatchObject({ problem: expect.stringContaining("write 5s for seconds or 5ms") })
  })
})
