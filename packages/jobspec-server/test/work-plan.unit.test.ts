import { Effect, Result } from "effect"
import fc from "fast-check"
import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { readWorkPlan, readWorkPlanText } from "../src/index.ts"
import { folder } from "./support/server.ts"

const read = (plan: unknown) => readWorkPlanText(JSON.stringify(plan), "/plans")
const settle = { agent: ["./write"], candidate: "report.txt", schema: "text/v1", verify: [["check", "-x"]] }

describe("a work plan", () => {
  it("says by type what is run, with programs of its own folder", () => {
    const plan = read({
      "wiki.build": { command: ["tools/build", "./x"], limit: "10m", env: ["HOME", "A=b=c"], settle },
    })
    expect(Result.getOrThrow(plan)).toEqual({
      folder: "/plans",
      types: {
        "wiki.build": {
          command: ["/plans/tools/build", "./x"],
          limit_ms: 600_000,
          env: ["HOME", "A=b=c"],
          settle: { agent: ["/plans/write"], candidate: "report.txt", schema: "text/v1", verify: [["check", "-x"]] },
        },
      },
    })
  })

  it.each<[string, unknown, string]>([
    ["names nothing", {}, "it names no type"],
    ["runs nothing", { a: {} }, "a has neither command nor settle"],
    ["has an empty command", { a: { command: [] } }, "command"],
    ["has a shell line for a command", { a: { command: "rm -rf x" } }, "command"],
    ["has a field that nobody knows", { a: { command: ["x"], commnad: ["y"] } }, "commnad"],
    ["has a limit without a unit that is known", { a: { command: ["x"], limit: "1d" } }, "a.limit must be a time"],
    ["has a limit of nothing", { a: { command: ["x"], limit: "0s" } }, "a.limit must be a time"],
    ["passes on a variable without a name", { a: { command: ["x"], env: ["=s3cret"] } }, "a.env holds names"],
    ["names a type that no job can have", { "a b": { command: ["x"] } }, "a b"],
    [
      "looks for its result outside of the workspace",
      { a: { settle: { ...settle, candidate: "../x" } } },
      "a.settle.candidate",
    ],
    ["looks for its result nowhere", { a: { settle: { ...settle, candidate: "." } } }, "a.settle.candidate"],
    ["settles some types and not others", { a: { command: ["x"] }, b: { settle } }, "take two servers"],
    ["is no object", [], "object"],
  ])("that %s is refused", (_, plan, reason) => {
    const refused = read(plan)
    expect(Result.isFailure(refused) ? refused.failure : "it was taken").toContain(reason)
    expect(Result.isFailure(refused) ? refused.failure : "").not.toContain("s3cret")
  })

  it("never throws, whatever the file holds, and gives no type that the file does not name", () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.dictionary(fc.string(), fc.constant({ command: ["x"] })).map((plan) => JSON.stringify(plan)),
        ),
        (text) => {
          const plan = readWorkPlanText(text, "/plans")
          if (Result.isFailure(plan)) return
          expect(Object.keys(plan.success.types).toSorted()).toEqual(Object.keys(JSON.parse(text) as object).toSorted())
        },
      ),
    ))

  it("that others may write is refused, for what it names is run as the server's user", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const path = join(yield* folder, "plan.json")
          writeFileSync(path, JSON.stringify({ a: { command: ["node"] } }))
          for (const mode of [0o620, 0o602, 0o666]) {
            chmodSync(path, mode)
            const { message } = yield* Effect.flip(readWorkPlan(path))
            expect(message).toBe(`the work plan ${path} cannot be used: others may write it (chmod go-w)`)
          }
          chmodSync(path, 0o644)
          expect(Object.keys((yield* readWorkPlan(path)).types)).toEqual(["a"])
          expect((yield* Effect.flip(readWorkPlan(`${path}.not`))).message).toContain("ENOENT")
        }),
      ),
    ))

  it("whose programs cannot be started is refused, with each of them and where it is named", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const place = yield* folder
          const path = join(place, "plan.json")
          for (const [name, mode] of [
            ["there", 0o755],
            ["plain", 0o644],
          ] as const)
            writeFileSync(join(place, name), "#!/bin/sh\n", { mode })
          const plan = {
            a: { command: ["./there"], settle: { ...settle, agent: ["./not-there"], verify: [["there"], ["plain"]] } },
            b: {
              command: ["./"],
              env: ["PATH=/nowhere"],
              settle: { ...settle, agent: ["there"], verify: [["./plain"]] },
            },
          }
          writeFileSync(path, JSON.stringify(plan))
          const { message } = yield* Effect.flip(readWorkPlan(path, `/nowhere:${place}`))
          expect(message).toBe(
            `the work plan ${path} cannot be used: a.settle.agent: "${place}/not-there" is not there; ` +
              `a.settle.verify[1]: "plain" is in no folder of the PATH; b.command: "${place}" is a folder; ` +
              `b.settle.agent: "there" is in no folder of the PATH; ` +
              `b.settle.verify[0]: "${place}/plain" must not be executed by this user (chmod u+x). Put them there, or name others`,
          )
        }),
      ),
    ))
})
