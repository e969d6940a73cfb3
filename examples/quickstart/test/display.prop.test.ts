import { stripVTControlCharacters } from "node:util"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { formatLive, makeDisplay, plainPaint, type StepEvent, widthOf } from "../src/display.ts"
import { makeScreen } from "./support/screen.ts"

const text = fc.oneof(fc.string({ unit: "binary", maxLength: 120 }), fc.string({ unit: "grapheme", maxLength: 120 }))
const state = fc.constantFrom("started", "progress", "done", "failed")

const events = fc
  .array(
    fc.record(
      {
        wait_ms: fc.nat(100_000),
        attempt: fc.integer({ min: 1, max: 3 }),
        step: fc.constantFrom("build", "write", "verify", "deliver"),
        state,
        detail: text,
        bytes: fc.nat(),
      },
      { requiredKeys: ["wait_ms", "attempt", "step", "state"] },
    ),
    { maxLength: 40 },
  )
  .map((list) => {
    let at_ms = 0
    return list.map(({ wait_ms, ...event }): StepEvent => ({ ...event, at_ms: (at_ms += wait_ms) }))
  })

it("each step has one line, which shows its latest state, whatever the order of events", () =>
  fc.assert(
    fc.property(events, fc.integer({ min: 40, max: 200 }), (list, columns) => {
      const screen = makeScreen(columns, 24)
      const { show } = makeDisplay(screen.output, {})
      const latest = new Map<string, StepEvent>()
      for (const event of list) {
        show(event)
        latest.set(`${event.attempt} ${event.step}`, event)
      }
      const marks = { started: "▸", progress: "▸", done: "✓", failed: "✗" }
      expect(screen.lines().map((line) => line.slice(0, 8).trim())).toEqual(
        [...latest].map(([key, event]) => `${marks[event.state]} ${key}`.slice(0, 8).trim()),
      )
      for (const line of screen.lines()) expect(widthOf(line)).toBeLessThan(columns)
    }),
  ))

it("on a screen too low for all steps, no line off the screen is touched and the latest event is shown", () =>
  fc.assert(
    fc.property(events, fc.integer({ min: 1, max: 6 }), (list, rows) => {
      const screen = makeScreen(80, rows)
      const { show } = makeDisplay(screen.output, {})
      for (const event of list) {
        show(event)
        expect(
          screen
            .lines()
            .slice(-rows)
            .some((line) => line.includes(`${event.attempt} ${event.step}`)),
        ).toBe(true)
      }
    }),
  ))

it("no text of a program reaches the terminal as a command or a second line", () =>
  fc.assert(
    fc.property(text, text, fc.integer({ min: 1, max: 200 }), (step, detail, columns) => {
      const event: StepEvent = { at_ms: 0, attempt: 1, step, state: "progress", detail }
      const line = formatLive({ event, started_ms: 0 }, columns, plainPaint)
      expect(line).toBe(stripVTControlCharacters(line))
      expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
      expect(widthOf(line)).toBeLessThanOrEqual(columns)
    }),
  ))
