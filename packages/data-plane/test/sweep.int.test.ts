import { layerNodeEntropy, layerNodeFiles } from "@waybill/host"
import { Effect, Layer } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, expect, it } from "vitest"
import { DataPlane, layerDataPlane } from "../src/index.ts"

const base = fs.mkdtempSync(join(tmpdir(), "waybill-sweep-"))
const children = new Set<ChildProcess>()
afterAll(() => {
  for (const child of children) child.kill("SIGKILL")
  fs.rmSync(base, { recursive: true, force: true })
})

const program = fileURLToPath(new URL("support/unfinished.ts", import.meta.url))
const scene = () => {
  const folder = fs.mkdtempSync(join(base, "scene-"))
  const [root, out] = [join(folder, "root"), join(folder, "out")]
  return {
    root,
    out,
    /** Every file that has no place yet, by path. */
    unfinished: () =>
      fs
        .readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((path) => /waybill-tmp|unfinished\/.*\/(?!lock$|places$)/u.test(path)),
    processes: () => fs.readdirSync(join(root, "unfinished")),
    /** Starts a process and waits until it has something half made. */
    begin: async (what: string) => {
      const child = spawn(
        process.execPath,
        [
          "--conditions=@waybill/source",
          "--disable-warning=ExperimentalWarning",
          program,
          root,
          what,
          join(out, "report.bin"),
        ],
        { stdio: ["ignore", "pipe", "inherit"] },
      )
      children.add(child)
      await once(child.stdout, "data")
      return child
    },
    run: <A, E>(effect: Effect.Effect<A, E, DataPlane>) =>
      Effect.runPromise(
        Effect.provide(
          effect,
          layerDataPlane({ root }).pipe(Layer.provide(Layer.mergeAll(layerNodeFiles, layerNodeEntropy))),
        ),
      ),
  }
}
const end = async (child: ChildProcess) => {
  child.kill("SIGKILL")
  await once(child, "exit")
}
const sweep = Effect.flatMap(DataPlane, (plane) => plane.sweep)

it.concurrent.each(["build", "seed", "deliver", "verify"])(
  "what a killed process left half made (%s) is swept; what a living one makes is not",
  async (what) => {
    const { begin, processes, run, unfinished } = scene()
    const living = await begin(what)
    const dead = await begin(what)
    expect(unfinished().length).toBeGreaterThanOrEqual(2)
    await end(dead)
    const before = unfinished().length
    const swept = await run(sweep)
    expect(swept).toMatchObject({ files: 1, bytes: 1000, living: 1, unknown: 0, left: [] })
    expect(unfinished().length).toBeLessThan(before)
    expect(processes()).toHaveLength(1)
    await end(living)
    expect(await run(sweep)).toMatchObject({ files: 1, living: 0 })
    expect(unfinished()).toEqual([])
    expect(processes()).toEqual([])
  },
)

it("many that sweep at once sweep once, and whoever begins meanwhile loses nothing", async () => {
  const { begin, processes, run, unfinished } = scene()
  for (const what of ["build", "deliver", "verify"]) await end(await begin(what))
  const key = (attempt: number) => ({ runId: "run", attempt })
  const builders = Array.from({ length: 8 }, (_, i) =>
    run(
      Effect.flatMap(DataPlane, ({ build, hasBuilt }) =>
        Effect.flatMap(build(key(i + 2), `attempt ${i}`), (built) => hasBuilt(key(i + 2), built)),
      ),
    ),
  )
  const sweeps = Array.from({ length: 8 }, () => run(sweep))
  expect(await Promise.all(builders)).toEqual(Array(8).fill(true))
  const swept = await Promise.all(sweeps)
  expect(swept.flatMap(({ left }) => left)).toEqual([])
  expect(swept.reduce((sum, { files }) => sum + files, 0)).toBe(3)
  expect(unfinished()).toEqual([])
  expect(processes()).toEqual([])
})

it("a process whose folder was taken away meanwhile goes on in a new one", async () => {
  const { root, run, unfinished } = scene()
  const built = await run(
    Effect.gen(function* () {
      const { build } = yield* DataPlane
      yield* build({ runId: "run", attempt: 1 }, "first")
      fs.rmSync(join(root, "unfinished"), { recursive: true })
      return yield* build({ runId: "run", attempt: 2 }, "second")
    }),
  )
  expect(built.bytes).toBe(6)
  expect(unfinished()).toEqual([])
})
