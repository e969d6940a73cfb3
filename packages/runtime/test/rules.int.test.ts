import { Ledger } from "@waybill/ledger"
import { Jobs, jobStatus } from "@waybill/workspace-job"
import { Effect, Stream } from "effect"
import { dirname } from "node:path"
import { describe, expect, it } from "vitest"
import { deliverJob, type JobDeclaration, settleJob, VerifierError } from "../src/index.ts"
import { accept, declare, reject, spec, text, types, verifierOf, world } from "./support/world.ts"

describe("asking again", () => {
  it("under the same key answers with what is recorded and does nothing, also for another run id", async () => {
    const { run, runs } = world()
    const [first, again, facts] = await run(
      Effect.gen(function* () {
        const first = yield* settleJob(declare())
        const again = yield* settleJob(declare({ runId: "run-2" }))
        return [first, again, yield* types] as const
      }),
    )
    expect(first.status).toBe("verified")
    expect(again).toEqual(first)
    expect(runs).toHaveLength(1)
    expect(facts).toHaveLength(7)
  })

  it.each([
    ["another input", { inputHash: "sha256:b" }, "IdempotencyConflict"],
    ["another schema", { terminalSchemaId: "other/v1" }, "IdempotencyConflict"],
    ["a new key for the same run", { idempotencyKey: "key-2" }, "RunTaken"],
    ["a key like a repair attempt's", { idempotencyKey: "key-1:repair:2" }, "InvalidDeclaration"],
    [
      "no number of attempts",
      { idempotencyKey: "key-3", runId: "run-3", recovery: { maxAttempts: Number.NaN, submit: () => spec } },
      "InvalidDeclaration",
    ],
  ] as const)("with %s is refused, and nothing is recorded or run", async (_, more, tag) => {
    const { run, runs } = world()
    const [error, facts] = await run(
      Effect.gen(function* () {
        yield* settleJob(declare())
        const error = yield* Effect.flip(settleJob(declare(more)))
        return [error, yield* types] as const
      }),
    )
    expect(error._tag).toBe(tag)
    expect(facts).toHaveLength(7)
    expect(runs).toHaveLength(1)
  })

  it("[W-22] twice at the same time runs one agent and records one end", async () => {
    const { run, runs } = world()
    const [both, facts] = await run(
      Effect.gen(function* () {
        const both = yield* Effect.all([settleJob(declare()), settleJob(declare())], { concurrency: 2 })
        return [both, yield* types] as const
      }),
    )
    expect(both[0]).toEqual(both[1])
    expect(runs).toHaveLength(1)
    expect(facts.filter((type) => type === "verified")).toHaveLength(1)
  })
})

describe("repair", () => {
  const never = verifierOf(() => Effect.succeed(reject))
  it("[W-18] goes on until the budget of the first attempt is spent, whatever later calls declare", async () => {
    const { run, runs } = world()
    const [first, again] = await run(
      Effect.gen(function* () {
        const first = yield* settleJob(declare({ verifier: never, recovery: { maxAttempts: 2, submit: () => spec } }))
        const again = yield* settleJob(declare({ verifier: never, recovery: { maxAttempts: 9, submit: () => spec } }))
        return [first, again] as const
      }),
    )
    expect(first).toMatchObject({ status: "verifier_rejected", attemptsLeft: 0, summary: "no good" })
    expect(again).toEqual(first)
    expect(runs).toEqual(["key-1", "key-1:repair:2"])
  })

  it("is told what the verifier said, and leaves the rejected artifact as it was", async () => {
    const { disk, run } = world((attempt) => `work ${attempt}`)
    const told: Array<unknown> = []
    const status = await run(
      settleJob(
        declare({
          verifier: verifierOf(({ attempt }) => Effect.succeed(attempt === 1 ? reject : accept)),
          recovery: {
            maxAttempts: 3,
            submit: ({ attempt, previous }) => {
              told.push([attempt.index, previous.reason, previous.checks])
              return spec
            },
          },
        }),
      ),
    )
    expect(status.status).toBe("verified")
    expect(told).toEqual([[2, "no good", reject.checks]])
    const kept = disk.files("/data/artifacts").map((file) => new TextDecoder().decode(disk.bytes(file)))
    expect(kept).toEqual(["work 1", "work 2"])
  })

  it("that is not declared any more is a refusal, not another first attempt", async () => {
    const { run, runs } = world()
    const error = await run(
      Effect.gen(function* () {
        let asked = 0
        const verifier = verifierOf(() => (asked++ === 0 ? Effect.succeed(reject) : Effect.die("gone")))
        const plan = { maxAttempts: 2, submit: () => Effect.never }
        yield* Effect.exit(Effect.timeout(settleJob(declare({ verifier, recovery: plan })), "200 millis"))
        return yield* Effect.flip(settleJob(declare({ verifier })))
      }),
    )
    expect(error).toMatchObject({ _tag: "InvalidDeclaration", field: "recovery" })
    expect(runs).toHaveLength(1)
  })

  it("[W-11] whose decision throws ends the next attempt, and the rejected one keeps its verdict", async () => {
    const { run } = world()
    const [status, facts] = await run(
      Effect.gen(function* () {
        const shouldRepair = () => {
          throw new Error("secret text")
        }
        const status = yield* settleJob(
          declare({ verifier: never, recovery: { maxAttempts: 2, shouldRepair, submit: () => spec } }),
        )
        return [status, yield* types] as const
      }),
    )
    expect(status).toMatchObject({ status: "failed", failed: { failure: { reason: "repair_decision_failed" } } })
    expect(facts.slice(-3)).toEqual(["verifier_rejected", "requested", "failed"])
  })

  it.each(["link", "fifo"] as const)(
    "whose workspace has become a %s ends the next attempt, and the rejected one keeps its verdict",
    async (what) => {
      const { disk, run, runs } = world()
      const told: Array<unknown> = []
      const [status, again, facts] = await run(
        Effect.gen(function* () {
          const verifier = verifierOf(() =>
            Effect.sync(() => {
              disk.plant(dirname(disk.files("/data/workspaces")[0] ?? ""), what)
              return reject
            }),
          )
          const job = declare({ verifier, recovery: { maxAttempts: 3, submit: () => spec } })
          const status = yield* settleJob(job, {
            observe: (event) => {
              if (event.kind === "step" && event.state === "failed") told.push([event.attempt, event.step])
            },
          })
          return [status, yield* settleJob(job), yield* types] as const
        }),
      )
      expect(status).toMatchObject({ status: "failed", failed: { failure: { reason: "path_refused" } } })
      expect(again).toEqual(status)
      expect(facts.slice(-3)).toEqual(["verifier_rejected", "requested", "failed"])
      expect(runs).toHaveLength(1)
      expect(told).toEqual([[2, "repair"]])
    },
  )

  it("that is declined leaves the rejection, and is asked about again", async () => {
    const { run } = world()
    let asked = 0
    const job = declare({
      verifier: never,
      recovery: { maxAttempts: 2, shouldRepair: () => Promise.resolve(asked++ > 0), submit: () => spec },
    })
    const [first, again] = await run(Effect.all([settleJob(job), settleJob(job)]))
    expect([first.status, again.status, asked]).toEqual(["verifier_rejected", "verifier_rejected", 2])
    expect(first).not.toEqual(again)
  })
})

describe("an attempt fails with the catalogue's own words", () => {
  const fails = (
    name: string,
    reason: string,
    more: Partial<JobDeclaration>,
    leave?: (n: number) => string | undefined,
  ) =>
    it(name, async () => {
      const { run } = world(leave)
      const [status, ledger] = await run(
        Effect.gen(function* () {
          const status = yield* settleJob(declare(more))
          const refused = yield* Effect.flip(deliverJob("run-1", { sink: () => Effect.die("released") }))
          expect(refused._tag).toBe("NotDeliverable")
          const ledger = yield* Ledger
          return [status, yield* Stream.runCollect(ledger.read())] as const
        }),
      )
      expect(status).toMatchObject({ status: "failed", failed: { failure: { reason } } })
      expect(JSON.stringify(ledger)).not.toContain("secret")
    })
  const boom = () => {
    throw new Error("secret text")
  }
  fails("the submit spec cannot be made", "submit_spec_builder_failed", { submit: boom })
  fails("there is no candidate", "candidate_missing", {}, () => undefined)
  fails("the builder throws", "terminal_build_failed", { build: boom })
  fails("the builder's stream breaks", "terminal_build_failed", {
    build: () => ({ source: Stream.fail(new Error("secret")) }),
  })
  fails("the builder found another run", "run_id_mismatch", { build: () => ({ source: "x", runId: "other" }) })
  fails("the builder made another schema", "terminal_schema_mismatch", {
    build: () => ({ source: "x", schemaId: "other/v1" }),
  })
  fails("the builder's text is no text", "terminal_build_failed", { build: () => ({ source: "\ud800" }) })
  fails("the verifier fails", "verifier_failed", {
    verifier: verifierOf(() => Effect.fail(new VerifierError({ verifier: "v", code: "failed", detail: "secret" }))),
  })
  fails("the verifier throws", "verifier_failed", { verifier: verifierOf(() => Effect.die(new Error("secret"))) })
  fails("the verifier accepts with a failed check", "verifier_failed", {
    verifier: verifierOf(() => Effect.succeed({ ok: true, checks: reject.checks })),
  })
  fails("the verifier accepts without a check", "verifier_failed", {
    verifier: verifierOf(() => Effect.succeed({ ok: true, checks: [] })),
  })
  fails("the verifier's words are no text", "verifier_failed", {
    verifier: verifierOf(() => Effect.succeed({ ok: false, reason: "\ud800", checks: [] })),
  })
  fails("the verifier never answers", "verifier_timeout", {
    verifier: verifierOf(() => Effect.never),
    verifierDeadline_ms: 20,
  })

  it.each(["budget_tokens", "budget_time", "tool_error", "upstream_failure", "interrupted"] as const)(
    "the agent's run ended with %s",
    async (reason) => {
      const { endWith, run } = world()
      endWith((submitRunId) => ({ submitRunId, ok: false, reason, diagnostics: { note: "secret" } }))
      const status = await run(settleJob(declare()))
      expect(status).toMatchObject({
        status: "failed",
        failed: {
          submitRunId: "run_1",
          failure: {
            phase: "submit",
            code: `workspace_job.submit.${reason}`,
            reason,
            retryable: reason !== "interrupted",
          },
        },
      })
    },
  )

  it("a verifier that changes the sealed bytes gets no verdict", async () => {
    const { disk, run } = world()
    const change = Effect.sync(() => {
      for (const file of disk.files("/data/sealed")) disk.overwrite(file, text.encode("WORK"))
      return accept
    })
    const status = await run(settleJob(declare({ verifier: verifierOf(() => change) })))
    expect(status).toMatchObject({ status: "failed", failed: { failure: { reason: "artifact_changed" } } })
  })
})

it("[W-23] an attempt whose agent run was forgotten after its build fails, and no second run is started", async () => {
  const { forget, run, runs } = world()
  const status = await run(
    Effect.gen(function* () {
      // The verifier never comes back: the attempt stops behind its finalized artifact.
      yield* Effect.exit(Effect.timeout(settleJob(declare({ verifier: verifierOf(() => Effect.never) })), "200 millis"))
      const ledger = yield* Ledger
      expect((yield* ledger.query(Jobs, (view) => jobStatus(view, "run-1"))).status).toBe("running")
      forget()
      return yield* settleJob(declare())
    }),
  )
  expect(status).toMatchObject({ status: "failed", failed: { failure: { reason: "runtime_projection_missing" } } })
  expect(runs).toHaveLength(1)
})
