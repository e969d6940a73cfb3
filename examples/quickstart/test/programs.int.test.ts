import { spawnSync } from "node:child_process"
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Check, checkNames } from "../src/bom/checks.ts"
import { artifactBytes_max } from "../src/bom/verify-files.ts"
import { failedNames } from "./support/locks.ts"

const source = (name: string) => fileURLToPath(new URL(`../src/${name}`, import.meta.url))
const repositoryLock = fileURLToPath(new URL("../../../package-lock.json", import.meta.url))

let workspace = ""
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), "waybill-bom-"))
  mkdirSync(join(workspace, "input"))
  copyFileSync(repositoryLock, join(workspace, "input/package-lock.json"))
})
afterEach(() => rmSync(workspace, { recursive: true, force: true }))

const run = (program: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  spawnSync(process.execPath, ["--conditions=@waybill/source", source(program), ...args], {
    cwd: workspace,
    env,
    encoding: "utf8",
  })

const agent = (candidate: string, previous?: ReadonlyArray<Check>) => {
  const input = join(workspace, "input.json")
  if (previous !== undefined) {
    writeFileSync(input, JSON.stringify({ previous: { reason: "rejected", checks: previous } }))
  }
  return run("agent.ts", [], {
    WAYBILL_CANDIDATE: join(workspace, candidate),
    ...(previous === undefined ? {} : { WAYBILL_INPUT: input }),
  })
}

const verify = (candidate: string) => {
  const result = run("verify.ts", ["input/package-lock.json", join(workspace, candidate)])
  return { ...result, verdict: JSON.parse(result.stdout) as { checks: ReadonlyArray<Check>; summary: string } }
}

describe("over this repository's own lock file", () => {
  it("the first attempt is rejected by named checks, and the repair that is told them is accepted", () => {
    const first = agent("first.json")
    expect(first).toMatchObject({ status: 0, stderr: "" })
    expect(first.stdout).toMatch(/^First attempt\n/)

    const rejected = verify("first.json")
    expect(rejected.status).toBe(1)
    expect(rejected.verdict.checks.map(({ name }) => name)).toEqual(checkNames)
    expect(failedNames(rejected.verdict.checks)).toEqual(["serial-number", "complete", "hashes"])

    const repair = agent("second.json", rejected.verdict.checks)
    expect(repair).toMatchObject({ status: 0, stderr: "" })
    expect(repair.stdout).toMatch(/Mending complete: \d+ of \d+ packages are missing/)

    const accepted = verify("second.json")
    expect(accepted).toMatchObject({ status: 0, stderr: "" })
    expect(failedNames(accepted.verdict.checks)).toEqual([])

    agent("again.json", rejected.verdict.checks)
    expect(readFileSync(join(workspace, "again.json"))).toEqual(readFileSync(join(workspace, "second.json")))
  })

  it("a repair that is told the failed checks only is accepted, too", () => {
    agent("first.json")
    const failed = verify("first.json").verdict.checks.filter(({ status }) => status === "failed")
    agent("second.json", failed)
    expect(verify("second.json").status).toBe(0)
  })

  it("the accepted BOM has one component per name and version that the lock's own text tells", () => {
    const failed = ["serial-number", "complete", "hashes"].map((name) => ({ name, status: "failed" }) as Check)
    agent("bom.json", failed)
    const lock = JSON.parse(readFileSync(repositoryLock, "utf8")) as {
      packages: Record<string, { version?: string; link?: boolean; name?: string }>
    }
    const expected = Object.entries(lock.packages)
      .filter(([path, entry]) => path !== "" && entry.link !== true)
      .map(([path, entry]) => `${entry.name ?? path.replace(/^.*node_modules\//, "")} ${entry.version ?? ""}`)
    const bom = JSON.parse(readFileSync(join(workspace, "bom.json"), "utf8")) as {
      components: ReadonlyArray<{ group?: string; name: string; version?: string }>
    }
    const actual = bom.components.map(
      ({ group, name, version }) => `${group === undefined ? "" : `${group}/`}${name} ${version ?? ""}`,
    )
    expect(actual.toSorted()).toEqual([...new Set(expected)].toSorted())
  })
})

describe("the verifier cannot check, and says so with exit code 2", () => {
  const couldNot = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
    const result = run("verify.ts", args, env)
    expect(result.status).toBe(2)
    const verdict = JSON.parse(result.stdout) as { checks: unknown; summary: string }
    expect(verdict.checks).toEqual([])
    expect(result.stderr).toBe(`${verdict.summary}\n`)
    return verdict.summary
  }

  it("when the lock file is not there", () => expect(couldNot(["nowhere.json", "bom.json"])).toMatch(/nowhere\.json/))
  it("when the lock file is none", () => {
    writeFileSync(join(workspace, "lock.json"), "{}")
    expect(couldNot(["lock.json", "bom.json"])).toMatch(/lockfileVersion/)
  })
  it("when the artifact is not there", () =>
    expect(couldNot(["input/package-lock.json"], { WAYBILL_ARTIFACT: "gone.json" })).toMatch(/gone\.json/))
  it("when its arguments are not as agreed", () => {
    expect(couldNot([])).toMatch(/Usage/)
    expect(couldNot(["input/package-lock.json"])).toMatch(/Usage/)
    expect(couldNot(["input/package-lock.json", "x", "y"])).toMatch(/Usage/)
  })
})

it("an artifact above the limit is rejected unread", () => {
  writeFileSync(join(workspace, "large.json"), new Uint8Array(artifactBytes_max + 1))
  const { status, verdict } = verify("large.json")
  expect(status).toBe(1)
  expect(failedNames(verdict.checks)).toEqual(checkNames)
})

describe("the agent leaves no candidate", () => {
  const refused = (env: Readonly<Record<string, string>>, status: number) => {
    const result = run("agent.ts", [], env)
    expect(result.status).toBe(status)
    expect(result.stderr).toMatch(/^No candidate: /)
    expect(existsSync(join(workspace, "bom.json"))).toBe(false)
    return result.stderr
  }
  const candidate = () => ({ WAYBILL_CANDIDATE: join(workspace, "bom.json") })

  it("without an absolute path to leave it at", () => {
    expect(refused({}, 2)).toMatch(/WAYBILL_CANDIDATE/)
    expect(refused({ WAYBILL_CANDIDATE: "bom.json" }, 2)).toMatch(/absolute/)
  })
  it("without a lock file", () => {
    rmSync(join(workspace, "input/package-lock.json"))
    expect(refused(candidate(), 2)).toMatch(/package-lock\.json/)
  })
  it("with an input that is missing or malformed", () => {
    expect(refused({ ...candidate(), WAYBILL_INPUT: join(workspace, "gone.json") }, 2)).toMatch(/gone\.json/)
    writeFileSync(join(workspace, "input.json"), "[]")
    expect(refused({ ...candidate(), WAYBILL_INPUT: join(workspace, "input.json") }, 2)).toMatch(/malformed/)
  })
  it("when it knows no mend for any failed check", () => {
    const checks = [{ name: "licenses", status: "failed" }]
    writeFileSync(join(workspace, "input.json"), JSON.stringify({ previous: { reason: "rejected", checks } }))
    expect(refused({ ...candidate(), WAYBILL_INPUT: join(workspace, "input.json") }, 1)).toMatch(/licenses/)
  })
})
