import { assert, it } from "@effect/vitest"
import { ProcessError, Processes, scriptedProcesses } from "@waybill/host"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

const request = { argv: ["verify"], cwd: "/", env: {}, stdout: { kind: "capture", bytes_max: 3 } } as const

it.effect("a scripted program says what the script says, within the cap", () => {
  const scripted = scriptedProcesses(() => ({ stdout: "hello", exit: { kind: "code", code: 2 } }))
  return Effect.gen(function* () {
    const outcome = yield* Processes.use((processes) => processes.run(request))
    assert.strictEqual(new TextDecoder().decode(outcome.stdout.bytes), "hel")
    assert.strictEqual(outcome.stdout.dropped_bytes, 2)
    assert.deepStrictEqual(outcome.exit, { kind: "code", code: 2 })
    assert.deepStrictEqual(scripted.requests, [request])
  }).pipe(Effect.provide(scripted.layer))
})

it.effect("a scripted program takes its time on the clock of the test, up to its time limit", () => {
  const scripted = scriptedProcesses(() => ({ takes_ms: 5_000 }))
  return Effect.gen(function* () {
    const processes = yield* Processes
    const fiber = yield* Effect.forkChild(processes.run({ ...request, timeLimit_ms: 1_000 }))
    yield* TestClock.adjust(1_000)
    assert.isTrue((yield* Fiber.join(fiber)).timedOut)
  }).pipe(Effect.provide(scripted.layer))
})

it.effect("a script can refuse to start a program", () => {
  const refusal = new ProcessError({ operation: "spawn", program: "verify", cwd: "/", code: "ENOENT" })
  const scripted = scriptedProcesses(() => refusal)
  return Effect.gen(function* () {
    const failure = yield* Effect.flip(Processes.use((processes) => processes.run(request)))
    assert.strictEqual(failure, refusal)
  }).pipe(Effect.provide(scripted.layer))
})
