/** What the disk refuses, and what becomes of it: every call, every operation that it makes. */
import { type Fault, FileError } from "@waybill/host"
import { describe, expect, it } from "vitest"
import { everyCall, sceneFor } from "./support/everyCall.ts"

const content = Buffer.alloc(3000, 7)

/** What clears up behind a call; and whether a reserved folder is somewhere else than its name says. */
const mayFailUnheard = (operation: string, path: string): boolean =>
  path.startsWith("/data/unfinished/") ||
  (operation === "unlink" && path.includes("/.waybill-tmp-")) ||
  (["open", "info"].includes(operation) && /^\/data(\/[a-z]+)?$/u.test(path))

describe.each(everyCall)("$name", (call) => {
  it("ends in its own hop's error with the disk's words, whichever operation fails, and can be done again", async () => {
    const refused = new Set<string>()
    for (let k = 1; ; k++) {
      const scene = sceneFor(call, content)
      await scene.prepare()
      let broken: FileError | undefined
      const result = await scene.run((operation, path, nth): Fault | undefined => {
        if (nth !== k) return undefined
        broken = new FileError({ operation, path, code: "EIO" })
        return { kind: "fail", code: "EIO" }
      })
      if (broken === undefined) break
      const { operation, path } = broken
      if (result._tag === "Success") {
        expect([k, operation, path, mayFailUnheard(operation, path)]).toEqual([k, operation, path, true])
      } else {
        refused.add(operation)
        expect(result.failure).toMatchObject({
          _tag: "StorageFailed",
          hop: call.hop,
          cause: { _tag: "FileError", operation, path, code: "EIO" },
        })
        expect(result.failure.message).toBe(`${call.hop}: ${broken.message}`)
      }
      expect(await scene.run()).toMatchObject({ _tag: "Success" })
    }
    expect(refused).toContain("open")
  })
})

/** What opening a name can meet that says: there is something, and it is no plain file. */
const noPlainFile = ["ELOOP", "EISDIR", "ENOTDIR", "EINVAL", "ENXIO", "ENAMETOOLONG"]

/** What a call answers where opening a place is refused like this. */
const refusedAt = async (name: string, place: keyof ReturnType<typeof sceneFor>["places"], code: string) => {
  const call = everyCall.find((call) => call.name === name)
  if (call === undefined) throw new Error(`there is no call ${name}`)
  const scene = sceneFor(call, content)
  await scene.prepare()
  return scene.run((operation, path) =>
    operation === "open" && path === scene.places[place] ? { kind: "fail", code } : undefined,
  )
}

describe.each([...noPlainFile, "ENOENT", "EACCES", "EIO"])("where a name cannot be opened (%s)", (code) => {
  const isNothing = noPlainFile.includes(code) || code === "ENOENT"
  const storageFailed = (hop: string) => ({ failure: { _tag: "StorageFailed", hop, cause: { code } } })

  it.each([
    ["candidate", "workspaces", "collect", { _tag: "CandidateMissing", path: "out/report.bin" }],
    ["write", "built", "write", { _tag: "ArtifactMissing", hop: "write", path: "out/report.bin" }],
    ["readBack", "stored", "readback", { _tag: "ArtifactMissing", hop: "readback", path: "out/report.bin" }],
    ["seal", "stored", "seal", { _tag: "ArtifactMissing", hop: "seal", path: "out/report.bin" }],
  ] as const)(
    "%s says that it leads to no plain file, that nothing is there, or what the disk said",
    async (name, place, hop, missing) => {
      expect(await refusedAt(name, place, code)).toMatchObject(
        code === "ENOENT"
          ? { failure: missing }
          : isNothing
            ? {
                failure: {
                  _tag: "PathRefused",
                  hop,
                  path: "out/report.bin",
                  reason: `it leads to something that is no plain file (${code})`,
                },
              }
            : storageFailed(hop),
      )
    },
  )

  it.each([
    ["withSealed", "verify"],
    ["deliver to a file", "deliver"],
    ["deliver to a sink", "deliver"],
  ])("%s takes what is no plain file at the seal's place for nothing", async (name, hop) => {
    expect(await refusedAt(name, "sealed", code)).toMatchObject(
      isNothing ? { failure: { _tag: "ArtifactMissing", hop, path: "out/report.bin" } } : storageFailed(hop),
    )
  })

  it("a seal that is no plain file is made, an earlier build that is none is not there", async () => {
    expect(await refusedAt("seal", "sealed", code)).toMatchObject(
      isNothing ? { _tag: "Success" } : storageFailed("seal"),
    )
    expect(await refusedAt("hasBuilt", "built", code)).toMatchObject(
      isNothing ? { success: false } : storageFailed("build"),
    )
  })
})

it.each(noPlainFile)("a workspace that is no folder (%s) is refused in words", async (code) => {
  const call = everyCall.find(({ name }) => name === "workspace")
  if (call === undefined) throw new Error("there is no such call")
  const result = await sceneFor(call, content).run((operation, path) =>
    operation === "open" && path === "/data/workspaces/run" ? { kind: "fail", code } : undefined,
  )
  expect(result).toMatchObject({
    failure: { _tag: "PathRefused", hop: "seed", path: "/", reason: `the workspace itself is no folder (${code})` },
  })
})
