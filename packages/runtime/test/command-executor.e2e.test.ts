/** Real processes on a real disk: what a command is given, what it says, and that nothing of it is left. */
import { layerNodeFiles, layerNodeProcesses } from "@waybill/host"
import { Effect, Fiber, Layer } from "effect"
import { mkdtempSync, readFileSync, rmSync, watch } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { type ClaimedJob, commandExecutor, type CommandExecutorOptions } from "../src/index.ts"
import { isAlive } from "./support/agentLab.ts"

let root = ""
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "waybill-work-"))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const job: ClaimedJob = {
  job_id: "job/1",
  job_type: "test.work",
  request_id: "r",
  payload: { pages: 3 },
  lease_epoch: 2,
  attempt: 2,
  max_attempts: 3,
}
const host = Layer.mergeAll(layerNodeFiles, layerNodeProcesses)
const node = (script: string, more: Partial<CommandExecutorOptions> = {}) =>
  commandExecutor({ command: [process.execPath, "-e", script], root: join(root, "work"), ...more })
const run = (script: string, more: Partial<CommandExecutorOptions> = {}, of = job) =>
  Effect.runPromise(Effect.flatMap(node(script, more), ({ execute }) => execute(of)).pipe(Effect.provide(host)))
const refusal = (script: string, more: Partial<CommandExecutorOptions> = {}, of = job) =>
  Effect.runPromise(
    Effect.flatMap(node(script, more), ({ execute }) => Effect.flip(execute(of))).pipe(Effect.provide(host)),
  )

const readAll = 'const fs = require("fs"); const say = (artifacts) => console.log(JSON.stringify({ artifacts }));'

it("a command finds its payload where it was told to, and its report is the job's", async () => {
  const places = {
    stdin: 'fs.readFileSync(0, "utf8")',
    file: 'fs.readFileSync(process.env.WAYBILL_PAYLOAD, "utf8")',
    env: "process.env.WAYBILL_PAYLOAD_JSON",
  } as const
  for (const payload of ["stdin", "file", "env"] as const) {
    const { artifacts } = await run(
      `${readAll} const e = process.env; console.error("seen"); say({ got: ${places[payload]}, who: [e.WAYBILL_JOB_ID, e.WAYBILL_JOB_TYPE, e.WAYBILL_ATTEMPT].join() })`,
      { payload },
    )
    expect(artifacts).toMatchObject({ got: '{"pages":3}', who: "job/1,test.work,2" })
    expect(readFileSync(artifacts?.["log"] ?? "", "utf8")).toContain("seen")
  }
})

it("a command that says nothing and ends with 0 has done its work", async () => {
  expect(Object.keys((await run("")).artifacts ?? {})).toEqual(["log"])
})

it("every other end fails the job and says how: by code, by its own words, by signal, by time, by nonsense", async () => {
  const said = async (script: string, more: Partial<CommandExecutorOptions> = {}) =>
    (await refusal(script, more)).failure
  expect(await said("process.exitCode = 3")).toEqual({ message: "exited with 3" })
  expect(await said('console.log(`{"failure":{"code":"lost","retryable":true}}`)')).toEqual({
    code: "lost",
    retryable: true,
  })
  expect(await said('process.kill(process.pid, "SIGKILL")')).toEqual({ message: "ended by SIGKILL" })
  expect(await said("setInterval(() => {}, 1000)", { timeLimit_ms: 300 })).toEqual({
    message: "executor timed out after 300 ms",
  })
  expect((await said('console.log("fine")')).message).toContain("exited with 0; its result cannot be read")
  expect((await said('console.log("x".repeat(100))', { outputBytes_max: 10 })).message).toContain("more than 10 bytes")
  expect((await said("", { command: [join(root, "nothing")] })).message).toContain("nothing")
})

it("a payload that no variable can hold is refused before anything is started", async () => {
  const large = { ...job, payload: { text: "x".repeat(200_000) } }
  expect((await refusal("", { payload: "env" }, large)).message).toContain("a variable holds 120000 at most")
})

it("work that is given up leaves no process behind, also none that left its group", async () => {
  const note = join(root, "pid")
  const begun = new Promise<void>((resolve) => {
    const watcher = watch(root, (_, name) => {
      if (name !== "pid.done") return
      watcher.close()
      resolve()
    })
  })
  const script = `const fs = require("fs")
    const child = require("child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { detached: true })
    fs.writeFileSync(${JSON.stringify(note)}, process.pid + " " + child.pid)
    fs.writeFileSync(${JSON.stringify(`${note}.done`)}, "")
    setInterval(() => {}, 1000)`
  await Effect.runPromise(
    Effect.gen(function* () {
      const { execute } = yield* node(script, { grace_ms: 100 })
      const work = yield* Effect.forkChild(execute(job))
      yield* Effect.promise(() => begun)
      yield* Fiber.interrupt(work)
    }).pipe(Effect.provide(host)),
  )
  expect(readFileSync(note, "utf8").split(" ").map(Number).filter(isAlive)).toEqual([])
})

it("a command that can never be started is refused when the executor is made", async () => {
  const refused = await Effect.runPromise(
    Effect.forEach([{ env: { WAYBILL_X: "1" } }, { timeLimit_ms: 0 }, { grace_ms: -1 }], (more) =>
      Effect.flip(node("", more)),
    ).pipe(Effect.provide(host)),
  )
  expect(refused.map(({ _tag }) => _tag)).toEqual(Array(3).fill("InvalidDeclaration"))
})
