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
    command({
      name: "login",
      description: "Logs in.",
      danger_level: "safe",
      parameters: {
        pw: { type: "string", secret: true, description: "Password" },
        pin: { type: "integer", secret: true, description: "Number" },
        user: { type: "string", positional: 0, description: "Who" },
        tries: { type: "integer", description: "How often" },
        mode: { type: "enum", enum_values: ["a", "b"], description: "How" },
      },
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

it("a refusal repeats no secret, wherever else it stands, and no word behind a mistyped flag that may have been one", async () => {
  const long = `hunter2"${"x".repeat(100)}`
  for (const secret of ["hunter2hunter2", "hunter2", long])
    for (const words of [
      ["login", "--pw", secret, "ada", secret],
      ["login", "ada", "--pww", secret],
      ["login", "ada", `--pww=${secret}`],
      ["login", "--pww", secret, "ada", "eve"],
      ["login", "--pw", secret, "--tries", secret],
      ["login", "--pw", secret, "--mode", secret],
      ["login", "--pw", secret, "--pw", secret],
      ["login", "--pin", secret],
      ["login", "--user", `--pw=${secret}`],
      ["--pw", secret, "login"],
      [`--pw=${secret}`, "login", "--tries", secret],
    ]) {
      const { exit_code, stderr, stdout } = await invoke(app, words)
      expect([words, exit_code]).toEqual([words, 2])
      expect([words, `${stdout}${stderr}`]).toEqual([words, expect.not.stringContaining("hunter2")])
    }
})
