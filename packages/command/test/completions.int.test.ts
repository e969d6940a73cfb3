import { spawnSync } from "node:child_process"
import { expect, it } from "vitest"
import { needs } from "../../../test/support/needs.ts"
import { application, command, invoke } from "../src/index.ts"

const SUCCESS = { description: "Done", retryable: false, side_effects: "none" } as const
const leaf = (name: string) =>
  command({
    name,
    description: "It's a leaf.",
    danger_level: "safe",
    parameters: { colour: { type: "enum", enum_values: ["red", "green"], description: "Which" } },
    exit_codes: { SUCCESS },
    output_schema: { type: "object" },
    execute: async () => ({}),
  })
const tree = application({
  name: "tree",
  version: "1.0.0",
  commands: [leaf("oak grow"), leaf("oak rest"), leaf("elm")],
})

const script = async (shell: string) => (await invoke(tree, ["completions", shell])).stdout

needs("bash")(it)("bash completes commands, subcommands, flags and values", async () => {
  const complete = (...words: ReadonlyArray<string>) => {
    const line = [...words].map((word) => `'${word}'`).join(" ")
    const ask = `COMP_WORDS=(tree ${line}); COMP_CWORD=${words.length}; _tree; echo "\${COMPREPLY[@]}"`
    const { stderr, stdout } = spawnSync("bash", ["-c", `${text}\n${ask}`], { encoding: "utf8" })
    expect(stderr).toBe("")
    return stdout.trim()
  }
  const text = await script("bash")
  expect(complete("o")).toBe("oak")
  expect(complete("oak", "")).toBe("grow rest")
  expect(complete("oak", "grow", "--col")).toBe("--colour")
  expect(complete("oak", "grow", "--colour", "")).toBe("red green")
  expect(complete("elm", "--output", "j")).toBe("json jsonl")
})

needs("zsh")(it)("zsh reads its script", async () => {
  expect(spawnSync("zsh", ["-n"], { input: await script("zsh"), encoding: "utf8" })).toMatchObject({
    status: 0,
    stderr: "",
  })
})

needs("fish")(it)("fish completes subcommands", async () => {
  const input = `${await script("fish")}\ncomplete -C "tree oak "`
  const { stdout } = spawnSync("fish", ["--no-config"], { input, encoding: "utf8" })
  expect(stdout).toMatch(/^grow\tIt's a leaf\.$/m)
})

it("every script knows every command", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const text = await script(shell)
    for (const name of ["oak grow", "oak rest", "elm", "manifest", "doctor"]) expect(text).toContain(name)
  }
})
