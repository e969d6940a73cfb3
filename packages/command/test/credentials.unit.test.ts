import { expect, it } from "vitest"
import { application, command, invoke } from "../src/index.ts"

const app = application({
  name: "tool",
  version: "1.0.0",
  commands: [
    command({
      name: "look",
      description: "Looks.",
      danger_level: "safe",
      exit_codes: { SUCCESS: { description: "Done", retryable: false, side_effects: "none" } },
      output_schema: { type: "object" },
      execute: async () => ({}),
    }),
  ],
})

const url = "postgres://ada:s3cret@db.example/work"

it("a password in an address that stands where none belongs is not repeated by the refusal", async () => {
  for (const words of [
    ["look", url],
    ["look", "--ledger", url],
    ["look", `--ledger=${url}`],
    ["--ledger", url, "look"],
    [`--ledger=${url}`, "look"],
    [url],
  ]) {
    const { exit_code, stderr, stdout } = await invoke(app, words)
    expect([words, exit_code]).toEqual([words, 2])
    expect(`${stdout}${stderr}`).not.toContain("s3cret")
  }
})
