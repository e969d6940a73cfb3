import { Effect, Fiber, Logger } from "effect"
import { describe, expect, it } from "vitest"
import { type Observer, type SettlementEvent, settleJob } from "../src/index.ts"
import { declare, reject, spec, types, verifierOf, world } from "./support/world.ts"

describe("[W-30] whoever looks on cannot end a settlement", () => {
  const troubles: ReadonlyArray<readonly [string, Observer, said: number]> = [
    [
      "throws at every event",
      () => {
        throw new Error("no display")
      },
      1,
    ],
    ["gives back a promise that rejects", () => Promise.reject(new Error("no display")), 1],
    ["gives back a promise that never ends", () => new Promise(() => {}), 0],
  ]
  it.each(troubles)("an observer that %s", async (_, observe, said) => {
    const { run } = world()
    const logged: Array<string> = []
    const logger = Logger.make(({ message }) => void logged.push(String(message)))
    const status = await run(settleJob(declare(), { observe }).pipe(Effect.provide(Logger.layer([logger]))))
    expect(status.status).toBe("verified")
    // Said once, so that the log is not flooded by a display that is gone.
    expect(logged.filter((line) => line.includes("observer"))).toHaveLength(said)
  })
})

it("an observer is told each step in order, with what went wrong, which no fact says", async () => {
  const { run } = world()
  const told: Array<SettlementEvent> = []
  await run(
    settleJob(declare({ verifier: verifierOf(() => Effect.die(new Error("the disk of the verifier"))) }), {
      observe: (event) => told.push(event),
    }),
  )
  const words = told.flatMap((event) =>
    event.kind === "recorded"
      ? [`+ ${event.fact.event_type.replace("workspace_job.", "")}`]
      : event.kind === "waiting" || event.state === "progress"
        ? []
        : [`${event.step} ${event.state}`],
  )
  expect(words).toEqual([
    "+ job.accepted",
    "+ requested",
    "+ job.claimed",
    "seed started",
    "+ seed_written",
    "seed done",
    "agent started",
    "agent done",
    "build started",
    "build done",
    "+ terminal_build_attempted",
    "write started",
    "write done",
    "+ artifact_written",
    "readback started",
    "+ artifact_readback_verified",
    "readback done",
    "seal started",
    "seal done",
    "+ terminal_finalized",
    "verify started",
    "verify failed",
    "+ failed",
    "+ job.failed",
  ])
  expect(told).toContainEqual(
    expect.objectContaining({
      step: "verify",
      state: "failed",
      detail: expect.stringContaining("disk of the verifier"),
    }),
  )
})

it("[W-25] an observer is told when a repair has left the same bytes as the attempt before", async () => {
  const { run } = world((attempt) => (attempt < 3 ? "the same" : "another"))
  const told: Array<string> = []
  await run(
    settleJob(
      declare({
        verifier: verifierOf(() => Effect.succeed(reject)),
        recovery: { maxAttempts: 3, submit: () => spec },
      }),
      {
        observe: (event) => {
          if (event.kind === "step" && event.step === "build" && event.state === "done") told.push(event.detail ?? "")
        },
      },
    ),
  )
  expect(told.map((detail) => detail.endsWith("as in the attempt before"))).toEqual([false, true, false])
})

describe("[W-22] [W-24] a run that somebody else works on", () => {
  it("is waited for no longer than is asked, and left alone", async () => {
    const { run, runs } = world()
    const [errors, facts] = await run(
      Effect.gen(function* () {
        const first = yield* Effect.forkChild(settleJob(declare({ verifier: verifierOf(() => Effect.never) })))
        yield* Effect.repeat(Effect.andThen(Effect.yieldNow, types), { until: (facts) => facts.length === 6 })
        const errors = [
          yield* Effect.flip(settleJob(declare(), { holdWait_ms: 0 })),
          yield* Effect.flip(settleJob(declare(), { holdWait_ms: 20 })),
        ]
        yield* Fiber.interrupt(first)
        return [errors, yield* types] as const
      }),
    )
    expect(errors).toMatchObject([
      { _tag: "RunHeld", runId: "run-1", waited_ms: 0 },
      { _tag: "RunHeld", runId: "run-1", waited_ms: 20 },
    ])
    expect(facts).toHaveLength(6)
    expect(runs).toHaveLength(1)
  })

  it("is free again when the call is interrupted, and is gone on from", async () => {
    const { run, runs } = world()
    const status = await run(
      Effect.gen(function* () {
        yield* Effect.exit(
          Effect.timeout(settleJob(declare({ verifier: verifierOf(() => Effect.never) })), "100 millis"),
        )
        return yield* settleJob(declare(), { holdWait_ms: 0 })
      }),
    )
    expect(status.status).toBe("verified")
    expect(runs).toHaveLength(1)
  })
})

describe("[W-25] attempts share the workspace and nothing else", () => {
  it("a repair finds the agent's own edits of the seeds, and each rejected artifact stays as it was", async () => {
    const seen: Array<string> = []
    const decoder = new TextDecoder()
    const made = world((attempt) => {
      const path = "/data/workspaces/run-1/seed.txt"
      seen.push(decoder.decode(made.disk.bytes(path)))
      made.disk.overwrite(path, new TextEncoder().encode(`edited in ${attempt}`))
      return `work ${attempt}`
    })
    const status = await made.run(
      settleJob(
        declare({
          seeds: [{ path: "seed.txt", content: new TextEncoder().encode("seed") }],
          verifier: verifierOf(() => Effect.succeed(reject)),
          recovery: { maxAttempts: 3, submit: () => spec },
        }),
      ),
    )
    expect(status).toMatchObject({ status: "verifier_rejected", attemptsLeft: 0 })
    expect(seen).toEqual(["seed", "edited in 1", "edited in 2"])
    const kept = made.disk.files("/data/artifacts").map((path) => [path, decoder.decode(made.disk.bytes(path))])
    expect(kept).toEqual([1, 2, 3].map((n) => [`/data/artifacts/run-1/${n}/artifact`, `work ${n}`]))
  })
})
