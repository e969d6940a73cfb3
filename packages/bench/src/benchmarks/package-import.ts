import { spawnSync } from "node:child_process"
import { make } from "../Benchmark.ts"
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
const bundle = (name: string): string => `${name}, bundled without effect`

/** A new Node that imports a module and ends; answers whether it could. */
const start = (code: string): boolean =>
  spawnSync(process.execPath, ["--conditions=@waybill/source", "--input-type=module", "-e", code], {
    cwd: import.meta.dirname,
  }).status === 0

/** What importing each package costs a new process, and how large each carrier is when bundled. */
export default make<null, boolean>({
  name: "package-import",
  title: "Importing a package",
  unit: "imports",
  input: () => null,
  amount: () => 1,
  describe: () => "a new process of Node that imports one package from its TypeScript sources, with all it depends on",
  subjects: [
    ...packages.map((name) => ({ name, role: "subject" as const, run: () => start(`import ${JSON.stringify(name)}`) })),
    { name: nothing, role: "limit", run: () => start("0") },
  ],
  check: (isStarted) => {
    if (!isStarted) throw new Error("the module could not be imported")
  },
  goals: Object.entries(pinned_bytes).map(([name, bytes]) => ({
    curve: bundle(name),
    value_max: Math.round(bytes * (1 + pinned_tolerance)),
  })),
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
