import { invoke } from "@waybill/command"
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { waybill } from "../src/index.ts"

interface Shown {
  readonly token_file: string
  readonly effect?: string
  readonly tokens: ReadonlyArray<{ readonly name: string; readonly token?: string }>
}

const folder = () => mkdtempSync(join(tmpdir(), "waybill-tokens-"))
const call = async (words: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
  const { envelope, exit_code, stdout } = await invoke(waybill, words, { env })
  return { exit_code, stdout, error: envelope?.error, data: envelope?.data as Shown }
}

it("a token file is made once, for its owner alone, and no answer holds the token unless it is asked for", async () => {
  const root = folder()
  const missing = await call(["token", "--root", root])
  expect([missing.exit_code, missing.error?.code]).toEqual([5, "TOKEN_FILE_MISSING"])
  const made = await call((missing.error?.suggestion ?? "").split("waybill ")[1]?.split(" ") ?? [])
  expect(made).toMatchObject({ exit_code: 0, data: { effect: "created", tokens: [{ name: "legacy" }] } })
  const { token_file } = made.data
  const secret = readFileSync(token_file, "utf8").trim()
  expect([statSync(token_file).mode & 0o777, secret.length]).toEqual([0o600, 64])
  const shown = await call(["token", "--root", root])
  const again = await call(["token", "make", "--root", root])
  expect(again.data.effect).toBe("noop")
  for (const { stdout } of [made, shown, again]) expect(stdout).not.toContain(secret)
  expect((await call(["token", "--root", root, "--reveal"])).data.tokens[0]?.token).toBe(secret)
})

it("rotating puts a new token in the place of the old one, also behind a link, and leaves nothing else behind", async () => {
  const root = folder()
  const [real, link] = [join(root, "real"), join(root, "link")]
  writeFileSync(real, "old-token\n", { mode: 0o600 })
  symlinkSync(real, link)
  const rotated = await call(["token", "rotate"], { WAYBILL_TOKEN_FILE: link })
  expect(rotated).toMatchObject({ exit_code: 0, data: { effect: "updated", token_file: link } })
  expect(readFileSync(real, "utf8")).toMatch(/^[0-9a-f]{64}\n$/u)
  expect([lstatSync(link).isSymbolicLink(), statSync(real).mode & 0o777]).toEqual([true, 0o600])
  expect(readdirSync(root).toSorted()).toEqual(["link", "real"])
})

it("of several tokens the named one is rotated, and whatever else the file says stays", async () => {
  const file = join(folder(), "tokens")
  const entry = (name: string) => ({ name, token: `of-${name}`, capabilities: ["work"], note: "kept" })
  writeFileSync(file, JSON.stringify({ tokens: [entry("ci"), entry("night")], about: "us" }), { mode: 0o600 })
  const unnamed = await call(["token", "rotate", "--token-file", file])
  expect([unnamed.exit_code, unnamed.error?.code, unnamed.error?.fix_required]).toEqual([
    5,
    "TOKEN_NOT_FOUND",
    'Say which with --name: one of "ci", "night".',
  ])
  expect((await call(["token", "rotate", "--token-file", file, "--name", "night"])).exit_code).toBe(0)
  const after: unknown = JSON.parse(readFileSync(file, "utf8"))
  expect(after).toEqual({
    about: "us",
    tokens: [entry("ci"), { ...entry("night"), token: expect.stringMatching(/^[0-9a-f]{64}$/u) }],
  })
})

it("a file that others may read, or that is no token file, is left as it is", async () => {
  const file = join(folder(), "tokens")
  for (const [text, mode] of [
    ["a-token", 0o644],
    ["{", 0o600],
  ] as const) {
    writeFileSync(file, text)
    chmodSync(file, mode)
    for (const words of [["token"], ["token", "make"], ["token", "rotate"]]) {
      const refused = await call([...words, "--token-file", file])
      expect([refused.exit_code, refused.error?.code], words.join(" ")).toEqual([4, "BAD_TOKEN_FILE"])
    }
    expect(readFileSync(file, "utf8")).toBe(text)
  }
})

it("at a terminal a revealed token is shown whole, however narrow the terminal is", async () => {
  const root = folder()
  const made = await invoke(waybill, ["token", "make", "--root", root], { env: {}, terminal: { columns: 40 } })
  const { token_file } = (await call(["token", "--root", root])).data
  const secret = readFileSync(token_file, "utf8").trim()
  expect(made.stdout).toContain(token_file)
  expect(made.stdout).not.toContain(secret)
  const shown = await invoke(waybill, ["token", "--reveal", "--root", root], { env: {}, terminal: { columns: 40 } })
  expect(shown.stdout.split("\n").map((line) => line.trim())).toContain(secret)
})
