/**
 * `npm run test:mutation [-- ROOM...] [--only=GLOB] [--fresh] [--workers=N] [--patience=SECONDS]`
 *
 * Breaks the code of a package in every small way that Stryker knows, one at a time, and looks whether a test of that
 * package turns red. Prints the scores; writes the survivors, and what an interrupted or a later run need not do again, to
 * `.mutation/`. Exit code 1 when a package scores less than it must.
 *
 * @module
 */
import { spawn, spawnSync } from "node:child_process"
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { availableParallelism, tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { digestsOf, fingerprintOf } from "./Digests.ts"
import { type MutationReport, scoresOf, survivors, table } from "./Report.ts"
import { type Room, rooms } from "./Room.ts"
import { makeSandbox } from "./Sandbox.ts"

const root = join(import.meta.dirname, "..")
const out = join(root, ".mutation")

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string" },
    fresh: { type: "boolean", default: false },
    // For the tests of one mutant together, as they were measured.
    patience: { type: "string", default: "15" },
    workers: { type: "string", default: String(availableParallelism()) },
  },
})

const install = (): void => {
  const folder = join(root, "mutation")
  if (existsSync(join(folder, "node_modules/@stryker-mutator/core"))) return
  console.log("installing Stryker in mutation/ (npm ci)")
  const done = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    stdio: "inherit",
  })
  if (done.status !== 0) throw new Error("npm ci failed in mutation/: nothing was run")
}

const configFor = (room: Room) => ({
  testRunner: "keeping",
  plugins: ["./mutation/runner/plugin.ts"],
  testRunnerNodeArgs: ["--conditions=@waybill/source"],
  mutate: [join(room.folder, values.only ?? "src/**/*.ts")],
  coverageAnalysis: "perTest",
  inPlace: true,
  concurrency: Number(values.workers),
  // The runner watches each test; this is for when the runner itself is stuck.
  timeoutMS: 600_000,
  timeoutFactor: 20,
  dryRunTimeoutMinutes: 15,
  disableTypeChecks: false,
  reporters: ["json", "progress-append-only"],
  jsonReporter: { fileName: "mutation.json" },
  warnings: { slow: false },
  allowConsoleColors: false,
})

/** Runs Stryker over one package; answers its report, or `undefined` when there is none. */
const mutate = async (room: Room): Promise<MutationReport | undefined> => {
  const folder = makeSandbox(root, join(out, "sandbox", room.name))
  writeFileSync(join(folder, "mutation-digests.json"), JSON.stringify(digestsOf(folder, room.folder)))
  const tests = globSync(join(room.folder, "test/**/*.test.ts"), { cwd: folder })
    .filter((path) => !path.endsWith(".long.test.ts"))
    .toSorted()
  writeFileSync(join(folder, "stryker.json"), JSON.stringify(configFor(room), null, 2))
  // A test that was ended in the middle cannot clear up behind itself.
  const temporary = mkdtempSync(join(tmpdir(), "waybill-mutation-"))
  const journal = join(out, `${room.name}.journal.jsonl`)
  if (values.fresh) rmSync(journal, { force: true })
  const stryker = join(folder, "mutation/node_modules/@stryker-mutator/core/bin/stryker.js")
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(process.execPath, [stryker, "run", "stryker.json"], {
      cwd: folder,
      stdio: "inherit",
      env: {
        ...process.env,
        WAYBILL_MUTATION_TESTS: JSON.stringify(tests.map((path) => join(folder, path))),
        WAYBILL_MUTATION_JOURNAL: journal,
        WAYBILL_MUTATION_FINGERPRINT: fingerprintOf(folder),
        WAYBILL_MUTATION_PATIENCE_MS: String(Number(values.patience) * 1000),
        TMPDIR: temporary,
      },
    })
    // Stryker ends its own processes; this one has its folder to take away.
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => child.kill(signal))
    child.on("error", reject)
    child.on("exit", resolve)
  })
  rmSync(temporary, { recursive: true, force: true })
  const file = join(folder, "mutation.json")
  if (code !== 0 || !existsSync(file)) return undefined
  copyFileSync(file, join(out, `${room.name}.json`))
  const report = JSON.parse(readFileSync(file, "utf8")) as MutationReport
  writeFileSync(join(out, `${room.name}.survivors.txt`), survivors(report))
  rmSync(folder, { recursive: true, force: true })
  return report
}

const strangers = positionals.filter((name) => !rooms.some((room) => room.name === name))
if (strangers.length > 0) {
  console.error(`no such package: ${strangers.join(", ")}; there are ${rooms.map(({ name }) => name).join(", ")}`)
  process.exit(2)
}
install()
mkdirSync(out, { recursive: true })
const scores = []
for (const room of rooms.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const report = await mutate(room)
  if (report === undefined) {
    console.error(`${room.name}: Stryker did not finish`)
    process.exitCode = 1
    continue
  }
  const score = scoresOf(room.name, report)
  scores.push(score)
  if (score.whole.score < room.score_min) {
    console.error(`${room.name}: ${score.whole.score.toFixed(1)} is below ${room.score_min}`)
    process.exitCode = 1
  }
}
console.log(`\n${table(scores)}\n\nsurvivors: .mutation/*.survivors.txt`)
