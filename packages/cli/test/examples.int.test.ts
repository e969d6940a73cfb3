import { invoke } from "@waybill/command"
import { describe, expect, it } from "vitest"
import { waybill } from "../src/index.ts"
import { makeFolder } from "./support/servers.ts"
import { startProgram } from "./support/program.ts"

interface Manifest {
  readonly commands: Readonly<Record<string, { readonly examples?: ReadonlyArray<{ readonly command: string }> }>>
}

const { data } = JSON.parse((await invoke(waybill, ["manifest"])).stdout) as { readonly data: Manifest }
const { commands } = data
const examples = Object.entries(commands).flatMap(([path, { examples: own = [] }]) =>
  own.map(({ command }) => ({ path, command })),
)
/** The words behind the program's name; none of the examples needs a shell for them. */
const wordsOf = (command: string) => command.split(" ").slice(1)
const exampleOf = (path: string, has = "") => {
  const found = examples.find((each) => each.path === path && each.command.includes(has))
  if (found === undefined) throw new Error(`${path} has no example`)
  return wordsOf(found.command)
}

describe("the examples in help", () => {
  it.each(examples.filter(({ command }) => !command.startsWith("source ")))("$command is taken", async (example) => {
    expect(example.command).not.toMatch(/["'$\\]/u)
    const words = wordsOf(example.command)
    expect(words.join(".").startsWith(example.path)).toBe(true)
    const at = words.indexOf("--")
    const checked = words.toSpliced(at < 0 ? words.length : at, 0, "--validate-only")
    const answer = await invoke(waybill, checked)
    expect([answer.exit_code, answer.envelope?.error ?? null]).toEqual([0, null])
  })

  it("go together: what serve's takes is what submit's asks for and work's works on", async () => {
    const root = makeFolder()
    const serving = exampleOf("serve", "--job-type")
    const server = startProgram([...serving, "--addr", "127.0.0.1:0", "--root", root])
    const { token_file, url } = await server.until((line) => line["url"] !== undefined)
    const env = { WAYBILL_SERVER: String(url), WAYBILL_TOKEN_FILE: String(token_file) }
    const asked = await invoke(waybill, exampleOf("submit"), { env })
    const again = await invoke(waybill, exampleOf("submit"), { env })
    expect(await server.end("SIGTERM")).toBe(0)
    expect([asked.exit_code, again.exit_code, asked.envelope?.error ?? null]).toEqual([0, 0, null])
    expect(again.envelope?.data).toMatchObject({ effect: "noop" })
    const typeIn = (words: ReadonlyArray<string>, flag: string) => words[words.indexOf(flag) + 1]
    expect(typeIn(exampleOf("work"), "--type")).toBe(typeIn(serving, "--job-type"))
  })
})

describe("--env of a variable that is not set", () => {
  it.each([
    ["settle", "--candidate", "a", "--schema-id", "s", "--verify", "true"],
    ["work", "--type", "a.b"],
  ])("%s refuses it before anything is done", async (...words) => {
    const call = (...more: ReadonlyArray<string>) =>
      invoke(waybill, [...words, "--root", makeFolder(), ...more, "--", "true"], { env: { SET: "" } })
    for (const more of [["--validate-only"], []]) {
      const { envelope: refused, exit_code } = await call("--env", "NOSUCHVAR", ...more)
      expect([more, exit_code]).toEqual([more, 2])
      expect(refused?.error?.errors).toMatchObject([{ field: "env", code: "VARIABLE_UNSET" }])
      expect(refused?.error?.message).toContain("NOSUCHVAR is not set")
    }
    expect((await call("--env", "SET", "--env", "NOSUCHVAR=", "--validate-only")).exit_code).toBe(0)
  })
})
