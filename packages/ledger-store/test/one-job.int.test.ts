import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { bothWays, ids, made, make, plain, plainIds, remove, toldTheSame, withOtherSeal } from "./support/oneJob.ts"

beforeAll(make)
afterAll(remove)

it("the index is saved and lags behind, so that there is something to pass over and something to read", () => {
  const saved = readFileSync(join(made, ".agents/daemon/index/jobs.json"), "utf8")
  expect(saved).toContain('["job-1",')
  expect(saved).not.toContain('["late",')
  expect(globSync("ledger.p*.jsonl", { cwd: join(made, ".agents/daemon") }).length).toBeGreaterThan(1)
})

it.each([...ids, "filler-3-7", "nobody", "filler"])("asked alone, %j is told as it is by who knows all", async (id) => {
  const [alone, whole, read] = await bothWays(made, id)
  expect([alone, read]).toEqual([whole, whole])
  expect(whole).toHaveLength(
    id === "nobody" || id === "filler" ? 0 : id === "a" ? 31 : /late|last|filler/u.test(id) ? 1 : 30,
  )
})

it.each(plainIds)("among records that are passed over by their rows, %j is told as it is", async (id) => {
  const [alone, whole, read] = await bothWays(plain, id)
  expect([alone, read]).toEqual([whole, whole])
  expect(whole).toHaveLength(id === "fresh" ? 1 : id === "seldom" ? 7 : 8)
})

it("whatever befalls the files, a job asked alone is told as it is by who knows all", () => toldTheSame(8), 60_000)

it("where a seal is another file's, nothing is read by it, although the saved index knows the file", async () => {
  const root = withOtherSeal()
  for (const id of ["a", "last"]) expect(await bothWays(root, id)).toEqual(await bothWays(made, id))
})
