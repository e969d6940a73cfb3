import { publishedJsonSchema } from "@waybill/command-contract/wire"
import { Ajv2020 } from "ajv/dist/2020.js"
import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { beforeAll, describe, expect, it } from "vitest"
import { bundledAsPublished } from "../../../scripts/bundled.ts"
import { needs } from "../../../test/support/needs.ts"

const repository = join(import.meta.dirname, "../../..")
const terminal = join(import.meta.dirname, "support/terminal.py")
const isEnvelope = new Ajv2020({ strict: true }).compile(publishedJsonSchema("response-envelope"))

/** The session that the page shows: each command with what it prints. `…` stands for what differs from call to call. */
const session = (): ReadonlyArray<{ readonly command: string; readonly shown: string }> => {
  const page = readFileSync(join(repository, "README.md"), "utf8")
  const block = page.split("```console\n")[1]?.split("```")[0] ?? ""
  return block
    .split(/^\$ /mu)
    .slice(1)
    .map((text) => {
      const [command = "", ...shown] = text.trimEnd().split("\n")
      return { command, shown: shown.join("\n") }
    })
}

/** What is shown as a pattern: `…` alone on a line is any number of lines, elsewhere any text on one. */
const patternOf = (shown: string): RegExp => {
  const lines = shown.split("\n").map((line) => {
    if (line === "…") return "(?:.*\\n)*"
    return `${line
      .split("…")
      .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/gu, "\\$&"))
      .join(".*")}\\n`
  })
  return new RegExp(`^${lines.join("")}$`, "u")
}

/** What stays to be read when a line was written over. */
const read = (bytes: Buffer): string =>
  bytes
    .toString("utf8")
    .split(/\r?\n/u)
    .map(
      (line) =>
        stripVTControlCharacters(line.split("\u001b[K").at(-1) ?? "")
          .split("\r")
          .at(-1) ?? "",
    )
    .join("\n")

let bin = ""
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "waybill-readme-"))
  bin = join(folder, "bin")
  mkdirSync(bin)
  symlinkSync(await bundledAsPublished(), join(bin, "waybill"))
}, 60_000)

const project = () => {
  const root = mkdtempSync(join(tmpdir(), "waybill-story-"))
  mkdirSync(join(root, ".agents"))
  const [agent] = session()
  writeFileSync(join(root, "agent.sh"), `${agent?.shown ?? ""}\n`)
  chmodSync(join(root, "agent.sh"), 0o755)
  const path = [bin, dirname(process.execPath), process.env["PATH"]].join(delimiter)
  return { cwd: root, env: { PATH: path, NO_COLOR: "1", TERM: "xterm" } }
}

describe("the session that the README shows", { timeout: 60_000 }, () => {
  needs("python3")(it)("typed into a terminal, says what the page says", () => {
    const options = project()
    for (const { command, shown } of session()) {
      const { stdout } = spawnSync("python3", [terminal, "0", "sh", "-c", command], options)
      const text = read(stdout)
      expect(patternOf(shown === "" ? "" : shown).test(text) || (shown === "" && text.trim() === ""), text).toBe(true)
    }
  })

  it("piped, ends with the same codes, and every answer is one envelope", () => {
    const options = project()
    const codes = session().map(({ command }) => {
      const { status, stdout } = spawnSync("sh", ["-c", command], options)
      const text = stdout.toString()
      if (text.startsWith("{") && text.includes('"ok"')) expect(isEnvelope(JSON.parse(text)), text).toBe(true)
      return status
    })
    // The agent's text, settle, deliver, the forgery, deliver refused, verify, explain.
    expect(codes).toEqual([0, 0, 0, 0, 6, 0, 0])
  })
})
