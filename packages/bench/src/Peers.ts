/**
 * The libraries that ours are measured beside. The repository does not depend on them: each group has a manifest and a lock
 * file of its own below `peers`, and is installed when a benchmark first asks for it.
 *
 * @module
 */
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { existsSync, readFileSync } from "node:fs"
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

/**
 * What is installed together, so that one that cannot be built does not take the others with it. emmett-sqlite stays at 0.38.5:
 * 0.42.4 asks for emmett 0.42.4, which the registry does not have (0.42.0 is the newest), so npm refuses to install them.
 */
export type PeerGroup = "emmett-sqlite" | "event-stores" | "queues" | "validators"
export const peer_groups: ReadonlyArray<PeerGroup> = ["emmett-sqlite", "event-stores", "queues", "validators"]

/** An installed group. */
export interface PeerModules {
  /** Host path of the folder with the group's `node_modules`. */
  readonly folder: string
  /** Imports a module of the group by its name. The caller knows its shape from its documentation. */
  readonly load: (name: string) => Promise<unknown>
}

/** Answers an installed group; rejects with {@link PeersUnavailable}. */
export type Peers = (group: PeerGroup) => Promise<PeerModules>

/** A group of peers cannot be had here. Says why, and how to do without. */
export class PeersUnavailable extends Error {}

/** Leaves out some groups, and answers the others. */
export const withoutGroups =
  (groups: ReadonlyArray<string>, peers: Peers): Peers =>
  (group) =>
    groups.includes(group)
      ? Promise.reject(new PeersUnavailable(`the peers "${group}" were left out (--without)`))
      : peers(group)

/** Leaves every peer out. */
export const noPeers: Peers = () => Promise.reject(new PeersUnavailable("peers are not asked for"))

const manifests = join(import.meta.dirname, "../peers")
const files = ["package.json", "package-lock.json", ".npmrc"]

const manifestOf = (group: PeerGroup): { readonly dependencies: Readonly<Record<string, string>> } =>
  JSON.parse(readFileSync(join(manifests, group, "package.json"), "utf8"))

/** The exact versions that the groups ask for, by name; with the groups where they do not agree, as `1.2.0 (one, two), 1.3.0 (three)`. */
export const peerVersions = (): Readonly<Record<string, string>> => {
  const asked = new Map<string, Map<string, Array<PeerGroup>>>()
  for (const group of peer_groups) {
    for (const [name, version] of Object.entries(manifestOf(group).dependencies)) {
      const versions = asked.get(name) ?? new Map<string, Array<PeerGroup>>()
      versions.set(version, [...(versions.get(version) ?? []), group])
      asked.set(name, versions)
    }
  }
  const told = (versions: ReadonlyMap<string, ReadonlyArray<PeerGroup>>): string =>
    versions.size === 1
      ? [...versions.keys()].join("")
      : [...versions].map(([version, groups]) => `${version} (${groups.join(", ")})`).join(", ")
  return Object.fromEntries([...asked].map(([name, versions]) => [name, told(versions)]))
}

/** Another lock file, Node or machine is another installation. */
const keyOf = (group: PeerGroup): string => {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch} ${process.versions.modules}`)
  for (const name of files) hash.update(readFileSync(join(manifests, group, name)))
  return `${group}-${hash.digest("hex").slice(0, 16)}`
}

/** A group that is installed in a folder. */
export const openInstalled = async (folder: string): Promise<PeerModules> => {
  const { load }: Pick<PeerModules, "load"> = await import(pathToFileURL(join(folder, "load.mjs")).href)
  return { folder, load }
}

/** What a script of npm tells its children about another package than the one to be installed. */
const foreign = /^npm_(?:config_local_prefix|command|lifecycle_|package_)/u

/** Where there is no network, npm would be silent for more than a minute; and it is told to say why it ends, however it was called. */
const patience = [
  "--fetch-retries=1",
  "--fetch-retry-mintimeout=2000",
  "--fetch-retry-maxtimeout=4000",
  "--loglevel=error",
]

/** Runs `npm ci` in a folder; rejects with what it said last. */
export const npmInstall = async (folder: string): Promise<void> => {
  const npm = process.env["npm_execpath"]
  const [program, args] = npm === undefined ? ["npm", []] : [process.execPath, [npm]]
  const child = spawn(program, [...args, "ci", "--no-audit", "--no-fund", ...patience], {
    cwd: folder,
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name))),
    stdio: ["ignore", "pipe", "pipe"],
  })
  let said = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, "close")) as [number | null]
  if (code === 0) return
  const errors = said.split("\n").filter((line) => line.startsWith("npm error"))
  throw new Error(errors.slice(0, 3).join("; ").replaceAll("npm error ", "") || `npm ended with ${code}`)
}

const unfinished_prefix = "unfinished-"

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM"
  }
}

/** Removes what installations left behind whose process has ended. */
const removeUnfinished = async (cache: string): Promise<void> => {
  for (const name of await readdir(cache)) {
    const pid = /^unfinished-(\d+)-/u.exec(name)?.[1]
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(cache, name), { recursive: true, force: true })
  }
}

/**
 * Peers that are installed below `cache` on first use and found there afterwards. An installation that fails is tried once,
 * and leaves nothing behind.
 */
export const installedPeers = (options: {
  readonly cache: string
  readonly progress: (line: string) => void
  readonly install?: (folder: string) => Promise<void>
}): Peers => {
  const { cache, install = npmInstall, progress } = options
  const known = new Map<PeerGroup, Promise<PeerModules>>()
  const installed = async (group: PeerGroup): Promise<PeerModules> => {
    const folder = join(cache, keyOf(group))
    if (!existsSync(folder)) {
      progress(`installing peers: ${group}`)
      await mkdir(cache, { recursive: true })
      await removeUnfinished(cache)
      const unfinished = await mkdtemp(join(cache, `${unfinished_prefix}${process.pid}-`))
      try {
        for (const name of files) await cp(join(manifests, group, name), join(unfinished, name))
        await install(unfinished)
        // A module resolves names from where it lies.
        await writeFile(join(unfinished, "load.mjs"), "export const load = (name) => import(name)\n")
        await rename(unfinished, folder).catch((cause: unknown) => {
          // Somebody else has installed the same meanwhile.
          if (!existsSync(folder)) throw cause
        })
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause)
        const advice = "check that npm reaches its registry, or measure without peers (--no-peers)"
        throw new PeersUnavailable(`the peers "${group}" cannot be installed: ${reason}; ${advice}`, { cause })
      } finally {
        await rm(unfinished, { recursive: true, force: true })
      }
    }
    return openInstalled(folder)
  }
  return (group) => {
    const modules = known.get(group) ?? installed(group)
    known.set(group, modules)
    return modules
  }
}
