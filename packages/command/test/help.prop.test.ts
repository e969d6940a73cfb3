/**
 * Help that can be read: within the terminal, one word for one thing, and every line can be typed as it stands.
 *
 * @module
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { application, command, invoke } from "../src/index.ts"
import { columns, wrap } from "../src/Wrap.ts"

const SUCCESS = { description: "Done", retryable: false, side_effects: "none" } as const
const TIMEOUT = { description: "Not in time", retryable: true, side_effects: "none" } as const
const exec = command({
  name: "exec",
  description: "Runs a program, waits for it as long as it takes, and says at length what became of it in the end.",
  danger_level: "safe",
  has_network_io: true,
  timeout_ms: 2_147_483_647,
  parameters: {
    where: { type: "string", required: true, positional: 0, description: "Folder" },
    line: {
      type: "array",
      required: true,
      positional: 1,
      value_name: "WORD",
      description: "The program and its words",
    },
    root: { type: "string", description: "Folder of the ledger, which is looked for upwards from here when left out" },
    env: { type: "array", description: "Variable of the program" },
  },
  exit_codes: { SUCCESS, TIMEOUT },
  output_schema: { type: "object" },
  execute: async ({ line, where }) => ({ line, where }),
})
const app = application({ name: "kit", version: "1.0.0", commands: [exec] })
const helpAt = async (width: number) =>
  (await invoke(app, ["exec", "--help"], { terminal: { columns: width }, env: { NO_COLOR: "1" } })).stdout

describe("help of a command", () => {
  it("shows the -- that a list of words needs, and flags before it", async () => {
    expect(await helpAt(120)).toContain("kit exec WHERE [flags] -- WORD…")
  })
  it("says differently that a flag may be given twice and that a call is worth repeating", async () => {
    const text = await helpAt(120)
    expect(text).toMatch(/--env .*\(may be given several times\)/)
    expect(text).toMatch(/10 TIMEOUT .*\(worth trying again\)/)
  })
  it("tells a limit of weeks in days", async () => {
    const text = await helpAt(120)
    expect(text).not.toContain("2147483647")
    expect(text).toContain("Is ended after 24 days")
  })
  it("is as wide as the terminal, and 80 columns when there is none", async () => {
    for (const width of [60, 80, 132])
      expect(Math.max(...(await helpAt(width)).split("\n").map((line) => line.length))).toBeLessThanOrEqual(width)
    const { stderr } = await invoke(app, ["exec", "--help"])
    expect(Math.max(...stderr.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80)
  })
})

describe("a flag before the command", () => {
  it.for([
    [["--root", "/tmp", "exec", "here"], "Did you mean: kit exec --root /tmp here"],
    [["--root", "/tmp", "nothing"], "See: kit --help"],
  ] as const)("%j: is told where flags go", async ([words, suggestion]) => {
    const { envelope, exit_code } = await invoke(app, words)
    expect([exit_code, envelope?.error]).toMatchObject([
      2,
      { code: "ARG_ERROR", message: "--root stands before the command; flags come after it.", suggestion },
    ])
  })
})

describe("wrapping", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,20}$/), { maxLength: 40 })
  it("loses no word, changes no order, and keeps to the width", () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 24, max: 120 }), (text, width) => {
        const lines = wrap(text.join(" "), width)
        expect(lines.join(" ")).toBe(text.join(" "))
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
      }),
    )
  })
  it("keeps every name and every meaning of a table", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,60}$/), words)), (rows) => {
        const table = rows.map(([name, meaning]) => [name, meaning.join(" ")] as const)
        const said = table.flatMap(([name, meaning]) => [name, ...(meaning === "" ? [] : meaning.split(" "))])
        const shown = columns(table, 80).join(" ").split(/\s+/)
        expect(shown.filter((each) => each !== "")).toEqual(said)
      }),
    )
  })
})
