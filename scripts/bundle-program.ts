/** The program `waybill` as it is published: one folder of JavaScript, what is seldom needed in files of its own. */
import { chmodSync } from "node:fs"
import { join } from "node:path"
import { type OutputChunk, type OutputOptions, rolldown } from "rolldown"
import { builtins } from "./bundle-builtins.ts"
import { compileEagerly } from "./bundle-eagerly.ts"

const output: OutputOptions = {
  format: "esm",
  minify: true,
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
}

/** The modules of a chunk and of every chunk that is loaded with it. */
const loadedWith = (chunks: ReadonlyArray<OutputChunk>, names: ReadonlyArray<string>): ReadonlySet<string> => {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]))
  const seen = new Set<string>()
  const visit = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    for (const each of byName.get(name)?.imports ?? []) visit(each)
  }
  for (const name of names) visit(name)
  return new Set([...seen].flatMap((name) => byName.get(name)?.moduleIds ?? []))
}

/** The chunks in which these modules lie. */
const chunksOf = (chunks: ReadonlyArray<OutputChunk>, modules: ReadonlyArray<string>): ReadonlyArray<string> =>
  chunks.filter(({ moduleIds }) => modules.some((id) => moduleIds.includes(id))).map(({ fileName }) => fileName)

/**
 * Bundles the program from the sources of this repository. Each file costs about a millisecond to open, so that what is always
 * loaded together lies together: what every start needs, and what asking about a job needs.
 *
 * @param root the repository
 * @param folder where the files are written; by default where its package has them
 * @returns the file to start
 */
export const bundleProgram = async (
  root: string,
  folder: string = join(root, "packages/cli/dist/bundle"),
): Promise<string> => {
  const at = (path: string): string => join(root, "packages", path)
  const build = await rolldown({
    input: {
      waybill: at("cli/src/main.ts"),
      // Started as processes of their own, under these names, from next to whoever starts them.
      wrapper: at("runtime/src/agent/wrapper.ts"),
      guard: at("host/src/guard.ts"),
    },
    platform: "node",
    plugins: [builtins],
    // Its laws are files that it finds in its own folder.
    external: [/^@waybill\/conformance(?:\/|$)/u],
    resolve: { conditionNames: ["@waybill/source", "node", "import"] },
    logLevel: "silent",
  })
  const { output: parts } = await build.generate(output)
  const chunks = parts.filter((part) => part.type === "chunk")
  const entry = loadedWith(chunks, ["waybill.js"])
  const start = loadedWith(chunks, chunksOf(chunks, [at("cli/src/program.ts")]))
  const asking = ["command/src/Run.ts", "command/src/Perform.ts", "command/src/Jobs.ts", "cli/src/jobs/askJob.ts"].map(
    at,
  )
  const job = loadedWith(chunks, chunksOf(chunks, asking))
  await build.write({
    ...output,
    dir: folder,
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        { name: "start", priority: 2, test: (id) => start.has(id) && !entry.has(id) },
        { name: "job", priority: 1, test: (id) => job.has(id) },
      ],
    },
  })
  await build.close()
  const program = join(folder, "waybill.js")
  chmodSync(program, 0o755)
  compileEagerly(program)
  return program
}
