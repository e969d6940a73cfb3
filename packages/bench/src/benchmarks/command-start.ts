import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { rolldown } from "rolldown"
import { make } from "../Benchmark.ts"

/** Starts Node once; answers what it printed. */
const start = (...words: ReadonlyArray<string>): string => {
  const { status, stderr, stdout } = spawnSync(process.execPath, words, {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
  })
  // Asking about a job that is not there is an answer too.
  if (status !== 0 && status !== 5) throw new Error(`${words.join(" ")}: ${stderr}${stdout}`)
  return stdout
}

/** The sample tool as it would be published: one folder of JavaScript, what is seldom needed in files of its own. */
const bundle = async (folder: string): Promise<void> => {
  const build = await rolldown({
    input: join(import.meta.dirname, "../samples/tool.ts"),
    platform: "node",
    resolve: { conditionNames: ["@waybill/source", "node", "import"] },
    logLevel: "silent",
  })
  await build.write({ dir: folder, format: "esm", minify: true })
  await build.close()
}

/** What a tool that is built with the framework costs before its own code runs. */
export default make({
  name: "command-start",
  title: "Starting a bundled tool",
  unit: "starts",
  input: async () => {
    const folder = mkdtempSync(join(tmpdir(), "waybill-tool-"))
    await bundle(folder)
    return { folder, tool: join(folder, "tool.js") }
  },
  amount: () => 1,
  describe: () => "a tool of 31 commands, minified",
  subjects: [
    { name: "tool --version", role: "subject", run: ({ tool }) => start(tool, "--version") },
    { name: "node -e 0", role: "limit", run: () => start("-e", "0") },
    { name: "tool box show b1 (inline)", role: "subject", run: ({ tool }) => start(tool, "box", "show", "b1") },
    { name: "tool job status nobody", role: "subject", run: ({ tool }) => start(tool, "job", "status", "nobody") },
  ],
  check: (stdout) => {
    if (stdout !== "" && stdout !== "sample 1.0.0\n" && !stdout.includes('"request_id"'))
      throw new Error(`the tool says ${stdout}`)
  },
  close: ({ folder }) => rmSync(folder, { recursive: true, force: true }),
})
