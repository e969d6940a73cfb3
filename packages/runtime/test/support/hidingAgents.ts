/**
 * Fault model: an agent, with the rights of the host's user, takes away or spoils what is recorded of its run, and kills its
 * wrapper, and perhaps its runner, so that nobody is left who knows of it but the ledger.
 */
import { mkdtempSync } from "node:fs"
import { join } from "node:path"
import { aliveIn, runsIn } from "./agentLab.ts"
import { type Outcome, run } from "./realCrashes.ts"

/** What it does in a shell, with its run's folder in R, and the reason with which its attempt ends. */
export interface Hiding {
  readonly name: string
  readonly script: string
  readonly reason: string
}

const missing = "runtime_projection_missing"
const hiding = (name: string, script: string, reason: string): Hiding => ({ name, script, reason })

export const removesItsFolder = hiding("removes its folder", "rm -rf $R", missing)
export const makesAFifoOfTheLock = hiding(
  "makes a FIFO of the lock",
  "rm $R/lock.sqlite; mkfifo $R/lock.sqlite",
  missing,
)
export const spoilsTheLock = hiding("spoils the lock", "head -c 5000 /dev/urandom > $R/lock.sqlite", "interrupted")

export const hidings: ReadonlyArray<Hiding> = [
  removesItsFolder,
  hiding("removes the folder of all runs", 'rm -rf "$(dirname $R)"', missing),
  hiding("removes the record of its start", "rm $R/started.json", missing),
  hiding("removes that, and spoils the lock", "rm $R/started.json; echo x > $R/lock.sqlite", missing),
  hiding("forges a withdrawal", `rm $R/started.json; echo '{"withdrawal":"x"}' > $R/withdrawn.json`, missing),
  hiding("makes a folder of the lock", "rm $R/lock.sqlite; mkdir $R/lock.sqlite", missing),
  makesAFifoOfTheLock,
  spoilsTheLock,
  hiding("puts another lock in its place", "rm $R/lock.sqlite; echo x > $R/lock.sqlite", "interrupted"),
  hiding(
    "forges another run's receipt",
    `echo '{"key":"key-1","submitRunId":"r","ok":true}' > $R/receipt.json`,
    missing,
  ),
]

/** What became of it: how the job ended, as often as it was asked, how many agents ran, and which of their processes are left. */
export const hide = async (base: string, { script }: Hiding, victims: "wrapper" | "both") => {
  const root = mkdtempSync(join(base, "root-"))
  // A runner that is to live is stopped meanwhile: it looks for its agent all the time, and would see half of it.
  const [before, after] = victims === "both" ? ["kill -9 $N;", ""] : ["kill -STOP $N;", "kill -CONT $N;"]
  const agent = `echo run >> ${root}/runs; echo $$ >> ${root}/pids; R=$(dirname "$WAYBILL_INPUT")
    N=$(cut -d' ' -f4 /proc/$PPID/stat); ${before} ${script}
    kill -9 $PPID; ${after} exec sleep 60`
  const first = await run(root, `--agent=${agent}`)
  const said = victims === "wrapper" ? [first] : await Promise.all([run(root), run(root)])
  const reasons = said.map(({ stderr, stdout }) => {
    if (stdout === "") return stderr
    const { status } = JSON.parse(stdout) as Outcome & { readonly status: { readonly failed?: Failed } }
    return status.failed?.failure.reason ?? status.status
  })
  return { signal: first.signal, reasons: [...new Set(reasons)], runs: runsIn(root), alive: aliveIn(root) }
}
interface Failed {
  readonly failure: { readonly reason: string }
}
