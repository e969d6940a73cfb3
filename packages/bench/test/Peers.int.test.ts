import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { make } from "../src/Benchmark.ts"
import { measure } from "../src/Harness.ts"
import { installedPeers, peer_groups, type Peers, PeersUnavailable, peerVersions } from "../src/Peers.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "waybill-peers-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** In place of npm: one module that says where it was installed for. */
const install = async (to: string): Promise<void> => {
  const { name }: { readonly name: string } = JSON.parse(await readFile(join(to, "package.json"), "utf8"))
  await mkdir(join(to, "node_modules/one"), { recursive: true })
  await writeFile(join(to, "node_modules/one/package.json"), '{ "type": "module", "exports": "./one.js" }')
  await writeFile(join(to, "node_modules/one/one.js"), `export const group = ${JSON.stringify(name)}\n`)
}
const progress = () => undefined

it("a group is installed when it is first asked for, and found by whoever asks later", async () => {
  const cache = await mkdtemp(join(folder, "cache-"))
  let count = 0
  const counted = async (to: string) => {
    count++
    await install(to)
  }
  const peers = installedPeers({ cache, progress, install: counted })
  const [first, second] = await Promise.all([peers("validators"), peers("validators")])
  expect(await first.load("one")).toMatchObject({ group: "waybill-bench-validators" })
  expect(second.folder).toBe(first.folder)
  const later = await installedPeers({ cache, progress, install: counted })("validators")
  expect(await later.load("one")).toMatchObject({ group: "waybill-bench-validators" })
  expect(count).toBe(1)
})

it("an installation that fails says why and what to do, and leaves nothing behind", async () => {
  const cache = await mkdtemp(join(folder, "cache-"))
  const peers = installedPeers({ cache, progress, install: () => Promise.reject(new Error("ENOTFOUND registry")) })
  const error: unknown = await peers("queues").catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(PeersUnavailable)
  expect(String(error)).toMatch(/"queues" cannot be installed: ENOTFOUND registry; .*--no-peers/u)
  expect(await readdir(cache)).toEqual([])
})

it("two who install the same at the same time both have it, and what an ended process left unfinished is removed", async () => {
  const cache = await mkdtemp(join(folder, "cache-"))
  // No process has this number.
  await mkdir(join(cache, "unfinished-99999999-abc"))
  let begun = 0
  const both = Promise.withResolvers<void>()
  const together = async (to: string) => {
    await install(to)
    if (++begun === 2) both.resolve()
    await both.promise
  }
  const [one, two] = await Promise.all(
    [1, 2].map(() => installedPeers({ cache, progress, install: together })("validators")),
  )
  expect(await one?.load("one")).toMatchObject({ group: "waybill-bench-validators" })
  expect(two?.folder).toBe(one?.folder)
  expect(await readdir(cache)).toHaveLength(1)
})

it("peers that cannot be had are left out and named, and the others are measured", async () => {
  const peers: Peers = (group) =>
    group === "queues"
      ? Promise.reject(new PeersUnavailable("no registry"))
      : Promise.resolve({ folder, load: async () => 1 })
  const run = () => 1
  const benchmark = make({
    name: "sample",
    title: "A sample",
    unit: "things",
    input: () => 1,
    amount: () => 1,
    describe: () => "one",
    subjects: [
      { name: "ours", role: "subject", run },
      { name: "theirs", role: "peer", needs: "validators", run },
      { name: "missing", role: "peer", needs: "queues", run },
    ],
    goals: [{ subject: "ours", beside: "missing", speed_min: 1 }],
  })
  const lines: Array<string> = []
  const bench = { now: () => 0, collectGarbage: undefined, progress: (line: string) => void lines.push(line), peers }
  const result = await measure(bench, benchmark, { runs: 1, warmups: 0, seed: 1 })
  expect(result.subjects.map(({ name }) => name)).toEqual(["ours", "theirs"])
  expect(result.left_out).toEqual([{ name: "missing", reason: "no registry" }])
  expect(lines).toContain("sample: without missing: no registry")
  expect(result.goals).toEqual([
    { absent: ["missing"], what: "ours: speed beside missing", bound: "at least", want: 1 },
  ])
})

it("every peer is asked for by its exact version, and told with the groups where theirs differ", async () => {
  const versions = peerVersions()
  const asked = await Promise.all(
    peer_groups.map(async (group) => {
      const text = await readFile(join(import.meta.dirname, "../peers", group, "package.json"), "utf8")
      const { dependencies }: { readonly dependencies: Readonly<Record<string, string>> } = JSON.parse(text)
      return Object.entries(dependencies).map(([name, version]) => ({ group, name, version }))
    }),
  )
  const all = asked.flat()
  expect(Object.keys(versions).toSorted()).toEqual([...new Set(all.map(({ name }) => name))].toSorted())
  for (const { group, name, version } of all) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+$/u)
    const isDisputed = all.some((other) => other.name === name && other.version !== version)
    const told = versions[name]?.split(/(?<=\)), /u) ?? []
    if (!isDisputed) expect(told).toEqual([version])
    else expect(told.filter((each) => each.includes(group))).toEqual([expect.stringContaining(`${version} (`)])
  }
  expect(versions["@event-driven-io/emmett"]).toBe("0.38.5 (emmett-sqlite), 0.42.0 (event-stores)")
})
