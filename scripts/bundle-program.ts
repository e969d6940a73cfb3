/** The program `waybill` as it is published: one folder of JavaScript, what is seldom needed in files of its own. */
import { chmodSync } from "node:fs"
import { join } from "node:path"
import { rolldown } from "rolldown"

/**
 * Bundles the program from the sources of this repository.
 *
 * @param root the repository
 * @param folder where the files are written; by default where its package has them
 * @returns the file to start
 */
export const bundleProgram = async (
  root: string,
  folder: string = join(root, "packages/cli/dist/bundle"),
): Promise<string> => {
  const build = await rolldown({
    input: {
      waybill: join(root, "packages/cli/src/main.ts"),
      // Started as processes of their own, under these names, from next to whoever starts them.
      wrapper: join(root, "packages/runtime/src/agent/wrapper.ts"),
      guard: join(root, "packages/host/src/guard.ts"),
    },
    platform: "node",
    // Its laws are files that it finds in its own folder.
    external: [/^@waybill\/conformance(?:\/|$)/u],
    resolve: { conditionNames: ["@waybill/source", "node", "import"] },
    logLevel: "silent",
  })
  await build.write({
    dir: folder,
    format: "esm",
    minify: true,
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
  })
  await build.close()
  const program = join(folder, "waybill.js")
  chmodSync(program, 0o755)
  return program
}
