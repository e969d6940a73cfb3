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
const plant = command({
  name: "plant",
  description: "Plants.",
  danger_level: "safe",
  parameters: {
    kind: { type: "enum", enum_values: ["oak", "elm"], positional: 0, required: true, description: "What" },
    place: { type: "enum", enum_values: ["hill", "vale"], positional: 1, description: "Where" },
    by: { type: "string", short: "b", description: "Who" },
    deep: { type: "boolean", description: "Whether deep" },
  },
  exit_codes: { SUCCESS },
  output_schema: { type: "object" },
  execute: async () => ({}),
})
const tree = application({
  name: "tree",
  version: "1.0.0",
  commands: [leaf("oak grow"), leaf("oak rest"), leaf("elm"), plant],
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
  expect(complete("completions", "")).toBe("bash zsh fish")
  expect(complete("plant", "e")).toBe("elm")
  expect(complete("plant", "oak", "")).toBe("hill vale")
  expect(complete("plant", "--by", "Ada", "--deep", "oak", "h")).toBe("hill")
  expect(complete("plant", "-b", "Ada", "")).toBe("oak elm")
  expect(complete("plant", "--by", "=", "Ada", "")).toBe("oak elm")
  expect(complete("plant", "oak", "hill", "")).toBe("")
})

needs("zsh")(it)("zsh reads its script", async () => {
  expect(spawnSync("zsh", ["-n"], { input: await script("zsh"), encoding: "utf8" })).toMatchObject({
    status: 0,
    stderr: "",
  })
})

needs("fish")(it)("fish completes subcommands", async () => {
  const text = await script("fish")
  const complete = (line: string) =>
    spawnSync("fish", ["--no-config", "-c", `${text}\ncomplete -C ${JSON.stringify(line)}`], { encoding: "utf8" })
      .stdout
  expect(complete("tree oak ")).toMatch(/^grow\tIt's a leaf\.$/m)
  expect(complete("tree completions ")).toMatch(/^fish$/m)
  expect(complete("tree plant --by Ada oak ")).toMatch(/^hill$/m)
  expect(complete("tree plant --by Ada oak ")).not.toMatch(/^elm$/m)
})

it("every script knows every command", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const text = await script(shell)
    for (const name of ["oak grow", "oak rest", "elm", "manifest", "doctor"]) expect(text).toContain(name)
  }
})
