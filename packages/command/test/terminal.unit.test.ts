import { expect, it } from "vitest"
import { CommandError, application, command, invoke } from "../src/index.ts"

it("a terminal obeys nothing that a command, its data or its caller says", async () => {
  const hostile = "\u0007\u0008\u0085"
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  const obeyed = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/u
  const basics = {
    description: "Says what it was told.",
    danger_level: "safe",
    exit_codes: { SUCCESS: { description: "Said", retryable: false, side_effects: "none" } },
    output_schema: { type: "object" },
  } as const
  const say = command({
    ...basics,
    name: "say",
    parameters: { fail: { type: "boolean", description: "Whether it fails" } },
    execute: async ({ fail }, ctx) => {
      ctx.log(`log ${hostile}`)
      ctx.warn("HEARD", hostile)
      if (fail) throw new CommandError({ exit: "CONFLICT", code: "NO", message: hostile, detail: hostile })
      return { [hostile]: hostile, list: [{ [hostile]: hostile }] }
    },
  })
  const draw = command({ ...basics, name: "draw", execute: async () => ({}), render: () => `a\n${hostile}` })
  const echo = command({
    ...basics,
    name: "echo",
    stream: { format: "jsonl" },
    execute: (_, ctx) => ctx.write({ hostile }),
  })
  const parrot = application({ name: "parrot", version: "1.0.0", commands: [say, draw, echo] })
  for (const words of [
    ["say"],
    ["say", "--fail"],
    ["say", hostile],
    ["say", "--output", "json"],
    ["draw"],
    ["echo"],
    ["echo", "--output", "json"],
    ["echo", "--output", "jsonl"],
    [hostile],
  ]) {
    const { stderr, stdout } = await invoke(parrot, words, { terminal: { columns: 60 }, env: { NO_COLOR: "1" } })
    // A log line takes the place of the line that tells of progress.
    const said = stdout + stderr.replaceAll("\r\u001b[K", "")
    expect(said, words.join(" ")).not.toMatch(obeyed)
    expect(said, words.join(" ")).toMatch(/\\x07|\\u0007/u)
  }
  const tsv = await invoke(parrot, ["say", "--output", "tsv"], { terminal: { columns: 60 } })
  expect(tsv.stdout.replaceAll("\t", "")).not.toMatch(obeyed)
  // A program gets the data as it is.
  expect((await invoke(parrot, ["say", "--output", "tsv"])).stdout).toContain(hostile)
})
