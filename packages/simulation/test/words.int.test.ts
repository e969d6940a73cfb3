import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { describe, expect, it } from "vitest"

const main = join(import.meta.dirname, "../src/main.ts")
const simulate = (...words: ReadonlyArray<string>) =>
  spawnSync(process.execPath, ["--conditions=@waybill/source", main, ...words], { encoding: "utf8" })

describe("words that mean nothing end with 2 and with what may be said: 1 is for laws that are broken", () => {
  it.each<readonly [words: ReadonlyArray<string>, said: RegExp]>([
    [["--foo"], /^Unknown option '--foo'/u],
    [["--seeds", "-3"], /^Option '--seeds' argument is ambiguous/u],
    [["--seeds", "2", "--seed", "3"], /^--seed does not go together with --seeds/u],
  ])("%j", (words, said) => {
    const { status, stderr } = simulate(...words)
    expect(stderr).toMatch(said)
    expect(stderr).toContain("Simulates the whole of Waybill")
    expect(stderr).not.toMatch(/^ {4}at /mu)
    expect(status).toBe(2)
  })
})
