import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { layerNodeProcesses, Processes, type RunRequest } from "@waybill/host"
import { Effect, Fiber } from "effect"
import { afterAll, describe } from "vitest"

const folder = mkdtempSync(join(tmpdir(), "waybill-processes-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const everything = { kind: "capture", bytes_max: 1 << 20 } as const
const text = (output: { readonly bytes: Uint8Array }) => new TextDecoder().decode(output.bytes)

const sh = (script: string, more: Partial<RunRequest> = {}) =>
  Processes.use((processes) =>
    processes.run({
      argv: ["/bin/sh", "-c", script],
      cwd: folder,
      env: {},
      inherit: ["PATH"],
      stdout: everything,
      stderr: everything,
      ...more,
    }),
  ).pipe(Effect.provide(layerNodeProcesses))

/** Waits on the real clock until the program has left a sign that it has come that far. */
const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.delay(until(condition), 5)))

const pidIn = (name: string) => Number(readFileSync(join(folder, name), "latin1").trim())
const isGone = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ")
  } catch {
    return true
  }
}
const hasPid = (name: string) => () => existsSync(join(folder, name)) && pidIn(name) > 0

describe("a program that is run", () => {
  it.live("gets its arguments as they are, without a shell in between", () =>
    Effect.gen(function* () {
      const outcome = yield* sh("", { argv: ["/bin/echo", "$HOME `id` *", "a  b"] })
      assert.strictEqual(text(outcome.stdout), "$HOME `id` * a  b\n")
    }),
  )

  it.live("gets exactly the environment it is given, and what is asked to be inherited", () =>
    Effect.gen(function* () {
      process.env["WAYBILL_TEST_SECRET"] = "s3cret"
      process.env["WAYBILL_TEST_ASKED"] = "asked"
      const outcome = yield* sh("", {
        argv: ["/usr/bin/env"],
        env: { ONLY: "this" },
        inherit: ["WAYBILL_TEST_ASKED", "WAYBILL_TEST_ABSENT"],
      })
      assert.deepStrictEqual(text(outcome.stdout).trim().split("\n").toSorted(), [
        "ONLY=this",
        "WAYBILL_TEST_ASKED=asked",
      ])
    }),
  )

  it.live("reads the bytes of its input and then the end", () =>
    Effect.gen(function* () {
      const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256)
      const outcome = yield* sh("", { argv: ["/bin/cat"], stdin: bytes })
      assert.deepStrictEqual(outcome.stdout.bytes, bytes)
      assert.strictEqual(text((yield* sh("cat; echo end")).stdout), "end\n")
      assert.deepStrictEqual((yield* sh("exit 4", { stdin: bytes })).exit, { kind: "code", code: 4 })
    }),
  )

  it.live("ends by a code or by a signal, and that is never an error", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* sh("exit 7")).exit, { kind: "code", code: 7 })
      assert.deepStrictEqual((yield* sh("kill -9 $$")).exit, { kind: "signal", signal: "SIGKILL" })
    }),
  )

  it.live("that cannot be started is an error with the errno", () =>
    Effect.gen(function* () {
      writeFileSync(join(folder, "plain"), "", { mode: 0o600 })
      const missing = yield* Effect.flip(sh("", { argv: [join(folder, "missing")] }))
      assert.strictEqual(missing.code, "ENOENT")
      const plain = yield* Effect.flip(sh("", { argv: [join(folder, "plain")] }))
      assert.strictEqual(plain.code, "EACCES")
      const nowhere = yield* Effect.flip(sh("true", { cwd: join(folder, "nowhere") }))
      assert.include(nowhere.message, "nowhere")
      const unwritable = yield* Effect.flip(sh("true", { stdout: { kind: "file", path: join(folder, "no", "out") } }))
      assert.deepStrictEqual([unwritable.operation, unwritable.code], ["output", "ENOENT"])
    }),
  )

  it.live("keeps the first bytes of its output and counts the rest", () =>
    Effect.gen(function* () {
      const outcome = yield* sh("head -c 5000000 /dev/zero", { stdout: { kind: "capture", bytes_max: 10 } })
      assert.strictEqual(outcome.stdout.bytes.length, 10)
      assert.strictEqual(outcome.stdout.dropped_bytes, 4_999_990)
    }),
  )

  it.live("appends its output to a file when told so", () =>
    Effect.gen(function* () {
      const path = join(folder, "out.log")
      yield* sh("echo one", { stdout: { kind: "file", path } })
      yield* sh("echo two", { stdout: { kind: "file", path } })
      assert.strictEqual(readFileSync(path, "utf8"), "one\ntwo\n")
    }),
  )
})

describe("the group of a program", () => {
  it.live("is ended by the time limit, and by SIGKILL when it ignores SIGTERM", () =>
    Effect.gen(function* () {
      const script = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > stubborn; while :; do sleep 1; done'"
      const outcome = yield* sh(script, { timeLimit_ms: 150, grace_ms: 50 })
      assert.isTrue(outcome.timedOut)
      assert.deepStrictEqual(outcome.exit, { kind: "signal", signal: "SIGKILL" })
      assert.isTrue(isGone(pidIn("stubborn")))
    }),
  )

  it.live("is ended by interruption, children included", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(sh("sleep 60 & echo $! > child; wait"))
      yield* until(hasPid("child"))
      yield* Fiber.interrupt(fiber)
      assert.isTrue(isGone(pidIn("child")))
    }),
  )

  it.live("does not outlive the program, and does not hold up its end by holding its output", () =>
    Effect.gen(function* () {
      const outcome = yield* sh("sleep 60 & echo $! > behind; echo done", { grace_ms: 50 })
      assert.deepStrictEqual(outcome.exit, { kind: "code", code: 0 })
      assert.strictEqual(text(outcome.stdout), "done\n")
      assert.strictEqual(outcome.leftovers.ended.length, 1)
      assert.isTrue(isGone(pidIn("behind")))
    }),
  )

  it.live("is found by its marker also where a child has left the group", () =>
    Effect.gen(function* () {
      const value = `${process.pid}-daemon`
      yield* sh(
        "setsid sh -c 'echo $$ > daemon; sleep 60' > /dev/null 2>&1 & while [ ! -s daemon ]; do sleep 0.01; done",
        { env: { WAYBILL_TEST_MARK: value } },
      )
      yield* until(hasPid("daemon"))
      assert.isFalse(isGone(pidIn("daemon")))
      const end = yield* Processes.use((processes) =>
        processes.endFamily({ marker: { name: "WAYBILL_TEST_MARK", value } }, 500),
      ).pipe(Effect.provide(layerNodeProcesses))
      assert.isAtLeast(end.ended.length, 1)
      assert.deepStrictEqual(end.remaining, [])
      assert.isTrue(isGone(pidIn("daemon")))
    }),
  )
})

describe("a program with a marker", () => {
  it.live("takes with it what has left its group, whatever the marker's value is", () =>
    Effect.gen(function* () {
      const value = `größe/${process.pid}`
      const outcome = yield* sh(
        "setsid sh -c 'echo $$ > runaway; sleep 60' > /dev/null 2>&1 & while [ ! -s runaway ]; do sleep 0.01; done",
        { env: { WAYBILL_TEST_MARK: value }, marker: "WAYBILL_TEST_MARK", grace_ms: 500 },
      )
      assert.deepStrictEqual(outcome.exit, { kind: "code", code: 0 })
      assert.isAtLeast(outcome.leftovers.ended.length, 1)
      assert.isTrue(isGone(pidIn("runaway")))
    }),
  )
})

describe("a detached program", () => {
  it.live("whose input is left open hears the last word, once, or that there is none", () =>
    Effect.gen(function* () {
      const heard = (name: string, word?: string) =>
        Effect.gen(function* () {
          const processes = yield* Processes
          const program = yield* processes.spawnDetached({
            argv: ["/bin/sh", "-c", "read first; echo $first > $0.first; read second; echo $first,$second > $0", name],
            cwd: folder,
            env: {},
            inherit: ["PATH"],
            stdin: new TextEncoder().encode("launch\n"),
            keepsInputOpen: true,
          })
          yield* until(() => existsSync(join(folder, `${name}.first`)))
          yield* program.endInput(word === undefined ? undefined : new TextEncoder().encode(word))
          yield* program.endInput(new TextEncoder().encode("too late\n"))
          yield* program.exited
          yield* program.endInput()
          return readFileSync(join(folder, name), "utf8")
        })
      assert.strictEqual(yield* heard("told", "go\n"), "launch,go\n")
      assert.strictEqual(yield* heard("left"), "launch,\n")
    }).pipe(Effect.provide(layerNodeProcesses)),
  )

  const detached = (script: string) =>
    Processes.use((processes) =>
      processes.spawnDetached({
        argv: ["/bin/sh", "-c", script],
        cwd: folder,
        env: {},
        inherit: ["PATH"],
        stdout: { kind: "file", path: join(folder, "detached.log") },
      }),
    )

  it.live("can be waited for, and goes on when the wait is interrupted", () =>
    Effect.gen(function* () {
      const program = yield* detached("while [ ! -e go ]; do sleep 0.01; done; echo went; exit 3")
      const wait = yield* Effect.forkChild(program.exited)
      yield* Effect.yieldNow
      yield* Fiber.interrupt(wait)
      writeFileSync(join(folder, "go"), "")
      assert.deepStrictEqual(yield* program.exited, { kind: "code", code: 3 })
      assert.strictEqual(readFileSync(join(folder, "detached.log"), "utf8"), "went\n")
    }).pipe(Effect.provide(layerNodeProcesses)),
  )

  it.live("is never taken for another process that bears its number", () =>
    Effect.gen(function* () {
      const processes = yield* Processes
      const program = yield* detached("sleep 60")
      const identity = program.identity
      assert.isDefined(identity)
      const stranger = { ...identity, start: String(Number(identity.start) - 1) }
      const elsewhere = { ...identity, kernel: "another boot" }
      for (const other of [stranger, elsewhere]) {
        assert.isFalse(yield* processes.isAlive(other))
        assert.isFalse(yield* processes.signal(other, "SIGKILL"))
        assert.deepStrictEqual(yield* processes.endFamily({ leader: other }, 0), { ended: [], remaining: [] })
      }
      assert.isTrue(yield* processes.isAlive(identity))
      const end = yield* processes.endFamily({ leader: identity }, 200)
      assert.deepStrictEqual(end.remaining, [])
      assert.isFalse(yield* processes.isAlive(identity))
    }).pipe(Effect.provide(layerNodeProcesses)),
  )
})
