import { spawnSync } from "node:child_process"
import { rm } from "node:fs/promises"
import { make } from "../Benchmark.ts"
import { buildPackages } from "../builtPackages.ts"
import { bundledBytes, carriers, pinned_bytes, pinned_tolerance } from "../bundles.ts"

/** Packages that a program imports; those that only run as a program are not among them. */
const packages = [
  "@waybill/ledger",
  "@waybill/workspace-job",
  "@waybill/jobspec",
  "@waybill/command-contract",
  "@waybill/ledger-store",
  "@waybill/data-plane",
  "@waybill/command",
  "@waybill/conformance",
]
const nothing = "node -e 0"
/** What most of them depend on. */
const others = "effect"
const bundle = (name: string): string => `${name}, bundled without effect`

interface Input {
  /** Where the packages can be imported by their names. */
  readonly folder: string
}

/** A new Node that imports a module, where modules are wanted, and ends; answers whether it could. It is told nothing else. */
const start = ({ folder }: Input, ...words: ReadonlyArray<string>): boolean =>
  spawnSync(process.execPath, words, { cwd: folder, env: { PATH: process.env["PATH"] } }).status === 0

const importing = (name: string) => (input: Input) =>
  start(input, "--input-type=module", "-e", `import ${JSON.stringify(name)}`)

/** What importing each package costs a new process, and how large each carrier is when bundled. */
export default make<Input, boolean>({
  name: "package-import",
  title: "Importing a package",
  unit: "imports",
  input: async () => ({ folder: await buildPackages() }),
  amount: () => 1,
  describe: () =>
    "a new process of Node that imports one package, built as it is published, with all it depends on; most of them import effect, which is measured alone as well",
  subjects: [
    ...packages.map((name) => ({
      name,
      role: "subject" as const,
      beside: [nothing, others],
      run: importing(name),
    })),
    { name: nothing, role: "limit", run: (input) => start(input, "-e", "0") },
    { name: others, role: "limit", run: importing(others) },
  ],
  check: (isStarted) => {
    if (!isStarted) throw new Error("the module could not be imported")
  },
  goals: Object.entries(pinned_bytes).map(([name, bytes]) => ({
    curve: bundle(name),
    value_max: Math.round(bytes * (1 + pinned_tolerance)),
  })),
  close: ({ folder }) => rm(folder, { recursive: true, force: true }),
  curves: async (_, { progress }) => {
    const curves = []
    for (const name of carriers()) {
      progress(`bundling ${name}`)
      const points = [{ x: 1, y: await bundledBytes(name) }]
      curves.push({ name: bundle(name), x: "carrier", y: "bytes, minified and gzipped", points })
    }
    return curves
  },
})
