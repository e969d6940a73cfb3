import { describe, expect, it } from "vitest"
import {
  fit,
  formatBytes,
  formatDuration,
  formatLive,
  formatPlain,
  makeDisplay,
  plainPaint,
  widthOf,
} from "../src/display.ts"
import { makeScreen } from "./support/screen.ts"

describe("a terminal", () => {
  it("shows one line per step and rewrites it in place", () => {
    const screen = makeScreen(80, 24)
    const { show } = makeDisplay(screen.output, {})
    show({ at_ms: 0, attempt: 1, step: "build", state: "started" })
    show({ at_ms: 5, attempt: 1, step: "verify", state: "started", detail: "12 checks" })
    show({ at_ms: 40, attempt: 1, step: "build", state: "done", bytes: 64_209 })
    show({ at_ms: 700, attempt: 1, step: "verify", state: "failed", detail: "complete, hashes" })
    show({ at_ms: 710, attempt: 2, step: "build", state: "progress", detail: "repair" })
    expect(screen.lines()).toEqual(
      [
        "✓ 1 build                                                    64.2 kB       40 ms",
        "✗ 1 verify        complete, hashes                                        695 ms",
        "▸ 2 build         repair                                                    0 ms",
      ].map((line) => expect.stringMatching(new RegExp(`^${line.replaceAll(/ +/g, " +")}$`))),
    )
  })

  it("has colours, and none when NO_COLOR is set", () => {
    const colourOf = (env: Record<string, string>) => {
      const screen = makeScreen(80, 24)
      makeDisplay(screen.output, env).show({ at_ms: 0, attempt: 1, step: "build", state: "done" })
      return screen.written().includes("\u001B[32m")
    }
    expect(colourOf({})).toBe(true)
    expect(colourOf({ NO_COLOR: "" })).toBe(true)
    expect(colourOf({ NO_COLOR: "1" })).toBe(false)
  })
})

describe("anything else", () => {
  it.each([
    ["a pipe", false, {}],
    ["a dumb terminal", true, { TERM: "dumb" }],
  ])("%s gets one plain line per event", (_name, isTTY, env) => {
    let text = ""
    const { show } = makeDisplay({ isTTY, write: (part) => (text += part) }, env)
    show({ at_ms: 0, attempt: 1, step: "build", state: "started" })
    show({ at_ms: 1500, attempt: 1, step: "build", state: "done", bytes: 12, detail: "two\nlines \u001B[31mred" })
    expect(text).toBe("0.000 s  attempt 1  build started\n1.500 s  attempt 1  build done  12 B  two lines red\n")
  })
})

describe("formats", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [999_949, "999.9 kB"],
    [999_950, "1.0 MB"],
  ])("%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text))

  it.each([
    [-1, "0 ms"],
    [999, "999 ms"],
    [1000, "1.0 s"],
    [59_949, "59.9 s"],
    [59_950, "1 min 00 s"],
    [185_000, "3 min 05 s"],
  ])("%d ms are %s", (ms, text) => expect(formatDuration(ms)).toBe(text))

  it("wide characters count two columns and are never cut in half", () => {
    expect(widthOf("漢a👍")).toBe(5)
    expect(fit("漢字", 4)).toBe("漢字")
    expect(fit("漢字漢", 4)).toBe("漢… ")
  })

  it("the examples of the documentation", () => {
    const event = { at_ms: 1200, attempt: 1, step: "verify", state: "failed", detail: "3 checks" } as const
    expect(formatLive({ event, started_ms: 0 }, 60, plainPaint)).toMatch(/^✗ 1 verify {8}3 checks +1\.2 s$/)
    expect(formatPlain({ at_ms: 1234, attempt: 2, step: "seal", state: "done", bytes: 2048 })).toBe(
      "1.234 s  attempt 2  seal done  2.0 kB",
    )
  })
})
