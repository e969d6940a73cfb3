import { invoke } from "@waybill/command"
import type * as NodeFs from "node:fs"
import { chmodSync, existsSync, globSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, it, vi } from "vitest"
import { waybill } from "../src/index.ts"

/** Paths that cannot be removed, as on a disk that has become read-only. */
const refused = vi.hoisted(() => ({ paths: [] as Array<string> }))
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof NodeFs>()
  return {
    ...fs,
    rmSync: (path: string, ...rest: ReadonlyArray<never>) => {
      if (refused.paths.some((part) => path.includes(part)))
        throw Object.assign(new Error(`EROFS: read-only file system, rm '${path}'`), {
          code: "EROFS",
          path,
          syscall: "rm",
        })
      fs.rmSync(path, ...rest)
    },
  }
})
afterEach(() => {
  refused.paths = []
})

interface Removed {
  readonly removed: boolean
  readonly bytes: number
  readonly entries: ReadonlyArray<{ readonly path: string; readonly why: string }>
  readonly left: ReadonlyArray<{ readonly path: string; readonly error: string }>
}

const settled = async (...runIds: ReadonlyArray<string>) => {
  const root = mkdtempSync(join(tmpdir(), "waybill-gc-"))
  const agent = join(root, "agent")
  writeFileSync(agent, "#!/bin/sh\necho said; echo made > out\n")
  chmodSync(agent, 0o755)
  const call = async (...words: ReadonlyArray<string>) => {
    const { envelope, exit_code } = await invoke(waybill, [...words], { env: { PATH: process.env["PATH"] ?? "" } })
    return { exit_code, error: envelope?.error, data: envelope?.data as Removed | null | undefined }
  }
  for (const id of runIds) {
    const words = ["--run-id", id, "--candidate", "out", "--schema-id", "text/v1", "--verify", "echo judged >&2; true"]
    expect((await call("settle", "--root", root, ...words, "--", agent)).exit_code).toBe(0)
  }
  const printed = () =>
    globSync(join(root, ".agents/waybill/{agent-runs,verifier-runs}/*/*")).filter((path) => /stdout|json$/u.test(path))
  return { root, call: (...words: ReadonlyArray<string>) => call(...words, "--root", root), printed }
}

describe("gc that is refused midway", () => {
  it("says what went and what is left, and why; called again it goes on", async () => {
    const { call } = await settled("a", "b")
    refused.paths = ["workspaces/b"]
    const first = await call("gc")
    expect([first.exit_code, first.error?.code]).toEqual([3, "PARTIAL_FAILURE"])
    expect(first.error?.message).toContain("EROFS")
    expect(first.error?.fix_required).toContain("mount it for writing")
    expect(first.data?.removed).toBe(true)
    expect(first.data?.entries.some(({ path }) => path.endsWith("workspaces/a"))).toBe(true)
    expect(first.data?.left).toMatchObject([{ path: expect.stringMatching(/workspaces\/b$/u), error: /EROFS/u }])
    for (const { path } of first.data?.entries ?? []) expect(existsSync(path)).toBe(false)
    refused.paths = []
    const again = await call("gc")
    expect([again.exit_code, again.data?.entries.map(({ path }) => path)]).toEqual([
      0,
      first.data?.left.map(({ path }) => path),
    ])
  })

  it("and where nothing went, it is a precondition like everywhere else", async () => {
    const { call } = await settled("a")
    refused.paths = ["/"]
    expect(await call("gc")).toMatchObject({ exit_code: 4, error: { code: "NOT_PERMITTED" }, data: null })
  })
})

describe("on a terminal", () => {
  it("du, gc and deliver say in words what there is, what went, and where to", async () => {
    const { root } = await settled("a")
    const shown = async (...words: ReadonlyArray<string>) => {
      const on = { env: { NO_COLOR: "1" }, terminal: { columns: 80 } }
      const { stderr, stdout } = await invoke(waybill, [...words, "--root", root], on)
      return stdout + stderr.replaceAll("\r\u001b[K", "")
    }
    const made = join(root, "made")
    expect(await shown("deliver", "a", "--to", made)).toMatch(/^delivered 5 bytes to \S+\/made, sha256:[\da-f]{64}\n$/u)
    const space = (await shown("du")).trimEnd().split("\n")
    expect(space[0]).toMatch(/^[\d.]+ kB in /u)
    expect(space).toContainEqual(expect.stringMatching(/^ +5 B {2}sealed {9}the bytes/u))
    expect(await shown("gc", "--dry-run")).toMatch(/^would remove 15 B from /u)
    expect(await shown("gc")).toMatch(
      /^removed 15 B from \S+\n {2}5 B {2}\S*workspaces\/a {2}workspaces of an ended run\n/u,
    )
    expect(await shown("gc")).toBe("nothing to remove\n")
  })
})

describe("what was printed", () => {
  it("stays, unless it is given up by its age; the checks and the verdict stay in any case", async () => {
    const { call, printed, root } = await settled("a")
    const before = printed()
    expect(before.length).toBeGreaterThan(2)
    await call("gc")
    expect((await call("gc", "--logs", "1")).exit_code).toBe(0)
    expect(printed()).toEqual(before)
    const removed = await call("gc", "--logs", "0")
    expect(removed.exit_code).toBe(0)
    expect(removed.data?.entries.map(({ why }) => why).toSorted()).toEqual([
      "what an agent printed",
      "what verifiers printed",
    ])
    expect(printed()).toEqual([])
    const { data } = await call("logs", "a")
    expect(data).toMatchObject({
      attempts: [
        {
          agent: { state: "without a record", stdout: null },
          verifier: { checks: [{ status: "passed" }], printed: [] },
        },
      ],
    })
    expect((await call("deliver", "a", "--to", join(root, "made"))).exit_code).toBe(0)
    expect(readFileSync(join(root, "made"), "utf8")).toBe("made\n")
    expect((await call("gc", "--logs", "-1")).exit_code).toBe(2)
  })
})
