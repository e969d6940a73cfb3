import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { rolldown } from "rolldown"

const repository = join(import.meta.dirname, "../../..")

/**
 * Bytes, minified and gzipped, without `effect`, that each carrier comes to: whoever adds to one says here what it costs those who
 * import it. A test holds the bundles against it, within {@link pinned_tolerance}.
 */
export const pinned_bytes: Readonly<Record<string, number>> = {
  "@waybill/command-contract": 10_800,
  "@waybill/jobspec": 21_300,
  "@waybill/workspace-job": 13_100,
}
/** A byte here and there is the bundler's or the compressor's. */
export const pinned_tolerance = 0.02

/** The carriers, by name. */
export const carriers = (): ReadonlyArray<string> =>
  globSync("packages/carriers/*/package.json", { cwd: repository })
    .map((file): string => (JSON.parse(readFileSync(join(repository, file), "utf8")) as { readonly name: string }).name)
    .toSorted()

/**
 * What a page or a tool pays for everything that a package exports, in bytes: bundled, minified, gzipped at level 9. `effect`
 * is left out, since whoever uses a carrier has it already.
 */
export const bundledBytes = async (name: string): Promise<number> => {
  const entry = "\0entry"
  const build = await rolldown({
    input: entry,
    cwd: import.meta.dirname,
    platform: "neutral",
    external: /^effect(\/|$)/u,
    resolve: { conditionNames: ["@waybill/source", "import"] },
    logLevel: "silent",
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? `import * as all from ${JSON.stringify(name)}; globalThis.all = all` : undefined),
      },
    ],
  })
  const { output } = await build.generate({ format: "esm", minify: true })
  await build.close()
  const code = output.map((each) => (each.type === "chunk" ? each.code : "")).join("")
  return gzipSync(code, { level: 9 }).length
}
