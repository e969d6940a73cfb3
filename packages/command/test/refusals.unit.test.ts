/**
 * Every mistake is told at once: those of the parser, and those that only the command's own check can see.
 *
 * @module
 */
import { expect, it } from "vitest"
import { application, command, invoke } from "../src/index.ts"

let ran = 0
const app = application({
  name: "tool",
  version: "1.0.0",
  commands: [
    command({
      name: "start",
      description: "Starts.",
      danger_level: "safe",
      parameters: {
        name: { type: "string", required: true, description: "Of what" },
        every: { type: "string", description: "How often" },
        times: { type: "integer", default: 1, description: "How many" },
      },
      exit_codes: { SUCCESS: { description: "Done", retryable: false, side_effects: "none" } },
      output_schema: { type: "object" },
      validate: async ({ every, name, times }) => [
        ...(every === "0s" ? [{ field: "every", message: "must be more than nothing" }] : []),
        ...(times < 2 ? [{ field: "times", message: "must be two or more" }] : []),
        ...(name.length > 3 ? [{ field: "name", message: "is too long" }] : []),
      ],
      execute: async () => {
        ran++
        return {}
      },
    }),
  ],
})

it("an empty word is no command, and help is not what was asked for", async () => {
  for (const words of [[""], ["", "start"], ["start", "--name", "abc", ""]]) {
    const { envelope, exit_code } = await invoke(app, words)
    expect([words, exit_code, envelope?.ok]).toEqual([words, 2, false])
  }
})

it("who asks for help or the version with a word is told the flag", async () => {
  for (const [words, meant] of [
    [["help"], "tool --help"],
    [["help", "start"], "tool start --help"],
    [["help", "nothing"], "tool --help"],
    [["version"], "tool --version"],
  ] as const) {
    const { envelope, exit_code } = await invoke(app, words)
    expect([exit_code, envelope?.error?.suggestion]).toEqual([2, `Did you mean: ${meant}`])
  }
})

const wrong = async (...words: ReadonlyArray<string>) => {
  const { envelope, exit_code, stderr } = await invoke(app, ["start", ...words])
  expect([exit_code, envelope?.error?.code, stderr, ran]).toEqual([2, "ARG_ERROR", "", 0])
  return envelope?.error?.errors?.map(({ code, field }) => `${field} ${code}`)
}

it("what the parser refuses does not hide what the command's own check refuses", async () => {
  expect(await wrong("--name", "long", "--every", "0s", "--times", "1e9")).toEqual([
    "times FLAG_TYPE",
    "every VALUE_REFUSED",
    "name VALUE_REFUSED",
  ])
  expect(await wrong("--name", "abc", "--every", "0s", "--often")).toEqual([
    "often FLAG_UNKNOWN",
    "every VALUE_REFUSED",
    "times VALUE_REFUSED",
  ])
})

it("a word that is refused already is not refused again for what stands in its place", async () => {
  expect(await wrong("--name", "abc", "--times", "x")).toEqual(["times FLAG_TYPE"])
})

it("a check that cannot go on without what is missing changes nothing about the refusal", async () => {
  expect(await wrong("--times", "2")).toEqual(["name FLAG_REQUIRED"])
})
