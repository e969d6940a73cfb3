import { execFileSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"

const repository = join(import.meta.dirname, "../../..")
const folder = join(import.meta.dirname, "../slowdowns")
const names = readdirSync(folder)

it("there is a slow-down of the fold and one of the append path", () => {
  expect(names.toSorted()).toEqual(["append.patch", "fold.patch"])
})

it.each(names)("%s fits the code as it is", (name) => {
  const apply = () => execFileSync("git", ["apply", "--check", join(folder, name)], { cwd: repository, stdio: "pipe" })
  expect(apply).not.toThrow()
})
