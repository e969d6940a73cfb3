import { execFileSync } from "node:child_process"
import { globSync, readFileSync } from "node:fs"
import { arch, cpus, loadavg, release, totalmem, type } from "node:os"
import { join } from "node:path"
import type { Machine, Revision } from "./Report.ts"

/** The machine this process runs on. */
export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: cpus().length,
  memory_bytes: totalmem(),
  os: `${type()} ${release()} ${arch()}`,
  node: process.version,
})

/** How busy the machine is: the mean of the last 1, 5 and 15 minutes, in processes that run or wait for a processor. */
export const loadAverage = (): ReadonlyArray<number> => loadavg().map((each) => Number(each.toFixed(2)))

export interface ProcessorTime {
  /** What the host gave to other machines while somebody here would have had it. */
  readonly stolen: number
  /** All of it, idle or not. */
  readonly all: number
}

/** The time of all processors since the machine was started, in ticks; `undefined` where the system does not count it. */
export const processorTime = (): ProcessorTime | undefined => {
  try {
    // user, nice, system, idle, iowait, irq, softirq, steal; what follows is in the first two already (proc_stat(5)).
    const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n")
    const ticks = line.split(/\s+/u).slice(1, 9).map(Number)
    const [stolen] = ticks.slice(7)
    return stolen === undefined ? undefined : { stolen, all: ticks.reduce((sum, each) => sum + each, 0) }
  } catch {
    return undefined
  }
}

const git = (root: string, ...args: ReadonlyArray<string>): string | undefined => {
  try {
    return execFileSync("git", ["-C", root, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim()
  } catch {
    return undefined
  }
}

/** The commit that a revision names in a repository; `undefined` where git knows none. */
export const commitOf = (root: string, revision: string): string | undefined =>
  git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`)

/** What is checked out in a folder; `undefined` where git does not know it. */
export const revisionOf = (root: string): Revision | undefined => {
  const [commit, changes] = [commitOf(root, "HEAD"), git(root, "status", "--porcelain")]
  return commit === undefined || changes === undefined ? undefined : { commit, is_dirty: changes !== "" }
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const readManifest = (file: string): Manifest => JSON.parse(readFileSync(file, "utf8"))

/** Versions of the repository's public packages and of what all of its packages are built on, by name. */
export const installedVersions = (root: string): Record<string, string> => {
  const own = globSync(["packages/*/package.json", "packages/carriers/*/package.json"], { cwd: root }).map((file) =>
    readManifest(join(root, file)),
  )
  const names = new Set(
    own.flatMap(({ dependencies, peerDependencies }) => Object.keys({ ...dependencies, ...peerDependencies })),
  )
  for (const { name } of own) names.delete(name)
  const outside = globSync(
    [...names].map((name) => `node_modules/${name}/package.json`),
    { cwd: root },
  ).map((file) => readManifest(join(root, file)))
  return Object.fromEntries(
    [...own.filter((manifest) => manifest.private !== true), ...outside]
      .map(({ name, version }): readonly [string, string] => [name, version])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}
