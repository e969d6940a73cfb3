import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { duration_ms_max, layerNodeProcesses, Processes, type RunRequest } from "@waybill/host"
import { Effect, Fiber } from "effect"
import { afterAll, describe, expect, it } from "vitest"

const folder = mkdtempSync(join(tmpdir(), "waybill-guarded-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const text = (output: { readonly bytes: Uint8Array }) => new TextDecoder().decode(output.bytes)
const everything = { kind: "capture", bytes_max: 1 << 20 } as const

const run = (script: string, more: Partial<RunRequest>) =>
  Processes.use((processes) =>
    processes.run({
      argv: ["/bin/sh", "-c", script],
      cwd: folder,
      env: { ONLY: "this" },
      stdout: everything,
      stderr: everything,
      grace_ms: 200,
      ...more,
    }),
  ).pipe(Effect.provide(layerNodeProcesses))

const pidsIn = (name: string): ReadonlyArray<number> => {
  try {
    return readFileSync(join(folder, name), "utf8").trim().split("\n").filter(Boolean).map(Number)
  } catch {
    return []
  }
}
const isAlive = (pid: number) => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ")
  } catch {
    return false
  }
}
const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.delay(until(condition), 5)))

describe.each([
  ["a program", false],
  ["a program under a guard", true],
] as const)("%s", (_, guarded) => {
  it("gets its input and environment, and its output and exit are told", async () => {
    const outcome = await Effect.runPromise(
      run("cat; echo $ONLY >&2; exit 7", { guarded, stdin: new TextEncoder().encode("in") }),
    )
    expect(outcome).toMatchObject({ exit: { kind: "code", code: 7 }, timedOut: false })
    expect([text(outcome.stdout), text(outcome.stderr)]).toEqual(["in", "this\n"])
  })

  it("that ends by a signal, or is not there, is told as it is", async () => {
    expect((await Effect.runPromise(run("kill -9 $$", { guarded }))).exit).toEqual({
      kind: "signal",
      signal: "SIGKILL",
    })
    const error = await Effect.runPromise(Effect.flip(run("", { guarded, argv: ["./nowhere"] })))
    expect(error).toMatchObject({ operation: "spawn", code: "ENOENT", program: "./nowhere" })
    expect(error.message).toContain("no such file or directory (ENOENT)")
  })

  it("is ended with what left its group, when its time is over and when nobody waits for it any more", async () => {
    const hang = (name: string) =>
      `setsid sh -c 'echo $$ >> ${name}; sleep 60' > /dev/null 2>&1 & echo $$ >> ${name}; sleep 60`
    const request = {
      guarded,
      env: { MARK: `${process.pid}-${guarded}`, PATH: process.env["PATH"] ?? "" },
      marker: "MARK",
    }
    const timed = await Effect.runPromise(run(hang(`timed-${guarded}`), { ...request, timeLimit_ms: 500 }))
    expect(timed).toMatchObject({ timedOut: true, exit: { kind: "signal" } })
    const name = `left-${guarded}`
    await Effect.runPromise(
      Effect.gen(function* () {
        const waiting = yield* Effect.forkChild(run(hang(name), request))
        yield* until(() => pidsIn(name).length === 2)
        yield* Fiber.interrupt(waiting)
      }),
    )
    expect([...pidsIn(name), ...pidsIn(`timed-${guarded}`)].filter(isAlive)).toEqual([])
  })

  it.each([duration_ms_max + 1, Number.POSITIVE_INFINITY, Number.NaN, 0, -1])(
    "with a time limit of %s is not started, since its timer would go off at once or never",
    async (timeLimit_ms) => {
      const error = await Effect.runPromise(Effect.flip(run("echo started > started", { guarded, timeLimit_ms })))
      expect(error).toMatchObject({ operation: "spawn", code: "EINVAL" })
      expect(error.message).toContain(`timeLimit_ms is ${timeLimit_ms}`)
      expect(pidsIn("started")).toEqual([])
    },
  )

  it("with the longest time limit that there is runs to its end", async () => {
    const outcome = await Effect.runPromise(run("exit 0", { guarded, timeLimit_ms: duration_ms_max }))
    expect(outcome).toMatchObject({ exit: { kind: "code", code: 0 }, timedOut: false })
  })
})
