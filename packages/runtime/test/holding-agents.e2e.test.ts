/**
 * Fault model: an agent, with the rights of the host's user, makes whoever waits for its run wait: it takes the run's lock for
 * a process that hides, stops its wrapper, or writes other limits into the records.
 */
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, it } from "vitest"
import { needs } from "../../../test/support/needs.ts"
import { hopperScript, hopsIn } from "../../host/test/support/hopper.ts"
import { Agent, type SubmitSpec } from "../src/index.ts"
import { agentIn, aliveIn, makeBase, requestFor, runsIn } from "./support/agentLab.ts"

const base = makeBase("holding")
afterAll(() => rmSync(base, { recursive: true, force: true }))
const newRoot = () => mkdtempSync(join(base, "root-"))

const submit = (root: string, script: string, more: Partial<SubmitSpec> = {}) =>
  Effect.runPromise(
    Effect.result(Agent.use((agent) => agent.submit(requestFor(root, script, more)))).pipe(
      Effect.provide(agentIn(root, undefined, { overrun_ms: 500 })),
    ),
  )

/** Holds a lock of its own until there is ROOT/stop, and bears no trace of whose it is. */
const holder = `const { DatabaseSync } = require("node:sqlite"); const { existsSync, writeFileSync } = require("node:fs")
  const [root] = process.argv.slice(1); const until = Date.now() + 30_000
  const held = new DatabaseSync(root + "/own.sqlite"); held.exec("BEGIN EXCLUSIVE"); writeFileSync(root + "/held", "")
  const look = () => { if (!existsSync(root + "/stop") && Date.now() < until) setTimeout(look, 5); else held.close() }
  look()`

/** Starts the holder, and puts its lock in the place of the run's. */
const hold = (root: string) => {
  writeFileSync(join(root, "holder.cjs"), holder)
  return `R=$(dirname "$WAYBILL_INPUT"); echo run >> ../runs; echo $$ >> ../pids
    env -i setsid ${process.execPath} -e "$(cat ../holder.cjs)" ${root} > /dev/null 2>&1 &
    while [ ! -e ../held ]; do sleep 0.01; done; mv ../own.sqlite $R/lock.sqlite`
}

describe.concurrent(
  "[W-24] an agent cannot make anybody wait longer than its job declares",
  { timeout: 60_000 },
  () => {
    it.for([
      ["and kills its wrapper", "kill -9 $PPID; sleep 60"],
      ["and ends", 'echo work > "$WAYBILL_CANDIDATE"'],
    ] as const)("by a lock that a hidden process holds, %s", async ([, then], { expect }) => {
      const root = newRoot()
      try {
        const first = await submit(root, `${hold(root)}; ${then}`)
        expect(first).toMatchObject({ failure: { _tag: "AgentError", code: "lock_held" } })
        expect([runsIn(root), aliveIn(root)]).toEqual([1, []])
      } finally {
        writeFileSync(join(root, "stop"), "")
      }
    })

    it("by a wrapper that it has stopped: the wrapper is ended when the run's time is over", async ({ expect }) => {
      const root = newRoot()
      const script = "echo run >> ../runs; echo $$ >> ../pids; echo $PPID >> ../pids; kill -STOP $PPID; exec sleep 60"
      const ended = await submit(root, script, { timeLimit_ms: 2_000 })
      expect(ended).toMatchObject({ success: { ok: false, reason: "interrupted" } })
      expect([runsIn(root), aliveIn(root)]).toEqual([1, []])
    })

    it("by a grace of its own in the record of its start", async ({ expect }) => {
      const root = newRoot()
      const rewrite = `s/{/{"grace_ms":2000000000,/`
      const script = `trap '' TERM; echo run >> ../runs; echo $$ >> ../pids; R=$(dirname "$WAYBILL_INPUT")
      sed '${rewrite}' $R/started.json > $R/x; mv $R/x $R/started.json; kill -9 $PPID; while :; do sleep 0.05; done`
      expect(await submit(root, script)).toMatchObject({ success: { ok: false, reason: "interrupted" } })
      expect(aliveIn(root)).toEqual([])
    })
  },
)

needs("perl")(it)(
  "a process that hops from number to number does not outlive its agent, or the run has not ended well",
  { timeout: 60_000 },
  async ({ expect }) => {
    const root = newRoot()
    writeFileSync(join(root, "hopper.pl"), hopperScript)
    try {
      const script = `perl ../hopper.pl ${root} 1 1 > /dev/null 2>&1 & while [ ! -s ../beat ]; do sleep 0.01; done`
      const ended = await submit(root, `${script}; echo work > "$WAYBILL_CANDIDATE"`)
      const hops = hopsIn(root)
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(hopsIn(root)).toBe(hops)
      expect(ended).toMatchObject({ success: { ok: true, diagnostics: { leftovers: { remaining: [] } } } })
    } finally {
      writeFileSync(join(root, "stop"), "")
    }
  },
)

it("a receipt that names processes which could not be ended is not one of a run that ended well", async ({
  expect,
}) => {
  const root = newRoot()
  const forge = `R=$(dirname "$WAYBILL_INPUT"); echo '{"key":"key-1","submitRunId":"'$WAYBILL_SUBMIT_RUN_ID'","ok":true,
    "leftovers":{"ended":0,"remaining":[4711]}}' > $R/receipt.json; kill -9 $PPID`
  expect(await submit(root, forge)).toMatchObject({
    success: { ok: false, reason: "tool_error", diagnostics: { leftovers: { remaining: [4711] } } },
  })
})
