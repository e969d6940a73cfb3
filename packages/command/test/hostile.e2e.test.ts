/**
 * Whatever a handler does, there is one valid answer with the right exit code, in time, and no process is left.
 *
 * @module
 */
import { describe, expect, it } from "vitest"
import { ask, call, family } from "./support/call.ts"

const limit_ms = 700

// One after the other, and again when one was late: a busy machine is late once, a broken limit always.
describe("a handler that does not end", { retry: 3 }, () => {
  it.for([
    "loop",
    "exec-sync",
    "never",
    "top-level-await",
    "stubborn-child",
    "daemon",
    "swallows-abort",
    "late-success",
  ])("%s: TIMEOUT within its limit and a second, nobody left behind [F-011 F-012]", async (name) => {
    const { envelope, exit_code } = await ask(["hostile", name])
    expect(exit_code).toBe(10)
    expect(envelope).toMatchObject({
      data: null,
      error: { code: "TIMEOUT", phase: "execution", retryable: true, context: { timeout_ms: limit_ms } },
      meta: { timeout_ms: limit_ms, partial: true },
    })
    const { duration_ms } = envelope.meta
    expect(duration_ms).toBeGreaterThanOrEqual(limit_ms - 1)
    expect(duration_ms).toBeLessThanOrEqual(limit_ms + 1_000)
  })
})

describe.concurrent("a handler that fails in its own way", () => {
  it.for([
    ["throw-null", "UNHANDLED_EXCEPTION", "A value that is not an error was thrown: null"],
    ["throw-text", "UNHANDLED_EXCEPTION", "plain words"],
    ["throw-error", "UNHANDLED_EXCEPTION", "first line"],
    ["throw-in-timer", "UNHANDLED_EXCEPTION", "thrown in a timer"],
    ["unhandled-rejection", "UNHANDLED_REJECTION", "nobody waits for this"],
    ["inline-rejection", "UNHANDLED_REJECTION", "nobody waits for this"],
    ["circular", "SERIALIZATION_FAILED", "data.itself contains itself"],
    ["bad-json", "SERIALIZATION_FAILED", "data cannot be read: no JSON of me"],
    ["exit", "HANDLER_EXITED", "The process of the handler ended with code 0 before the handler did."],
    ["exit-13", "HANDLER_EXITED", "The process of the handler ended with code 13 before the handler did."],
    ["kill-itself", "HANDLER_EXITED", "The process of the handler ended by SIGKILL before the handler did."],
  ] as const)("%s: exit 1 and %s [C-013]", async ([name, code, message]) => {
    const { envelope, exit_code, stdout } = await ask(["hostile", name])
    expect(exit_code).toBe(1)
    expect(envelope.error).toMatchObject({ code, message, retryable: false, phase: "execution" })
    expect(stdout).not.toMatch(/\bat \S+ \(|\.[jt]s:\d+/)
  })

  it("what it prints on stderr by itself is without the secrets that it was given", async () => {
    const { stderr } = await ask(["echo", "aloud", "--token", "hunter2hunter2"])
    expect(stderr).toBe("printed [redacted] twice [redacted].\n")
  })

  it("the stack of an accident is on stderr, and nowhere with --quiet", async () => {
    const [loud, quiet] = await Promise.all([
      ask(["hostile", "throw-error"]),
      ask(["hostile", "throw-error", "--quiet"]),
    ])
    expect(loud.stderr).toContain("TypeError: first line")
    expect(quiet.stderr).toBe("")
  })

  it("without a limit, a handler that nothing can settle is found out [F-049]", async () => {
    const { envelope, exit_code } = await ask(["idle", "http://localhost", "--timeout", "0"])
    expect(exit_code).toBe(1)
    expect(envelope).toMatchObject({ error: { code: "HANDLER_NEVER_SETTLED" }, meta: { timeout_ms: 0 } })
  })
})

describe.concurrent("a program that is killed without a word", () => {
  it.for(["blocked-loop", "blocked-child"])("%s: its handler ends with it, whatever blocks that", async (name) => {
    const { alive, env } = family()
    const done = call(["hostile", name], {
      env,
      onOutput: (text, kill) => {
        if (text.includes("blocked")) kill("SIGKILL")
      },
    })
    const late = new Promise<"late">((resolve) => {
      setTimeout(() => resolve("late"), 20_000).unref()
    })
    // The pipes close once nobody holds them any more.
    const ended = await Promise.race([done, late])
    const left = alive()
    for (const pid of left) process.kill(pid, "SIGKILL")
    expect(ended).toMatchObject({ signal: "SIGKILL" })
    expect(left).toEqual([])
  })
})

describe.concurrent("a handler that prints", () => {
  it("prose becomes warnings without colours, JSON is dropped [F-006 F-060]", async () => {
    const { envelope } = await ask(["hostile", "stdout"])
    expect(envelope).toMatchObject({
      data: { fine: true },
      warnings: ["THIRD_PARTY_STDOUT: prose from a dependency", "THIRD_PARTY_STDOUT: red prose"],
    })
  })
  it("50 MB on stdout cost a warning of 2 KiB", async () => {
    const { envelope, exit_code } = await ask(["hostile", "flood"])
    expect(exit_code).toBe(0)
    expect(envelope.warnings).toHaveLength(1)
    expect(envelope.warnings[0]?.length).toBeLessThan(2_100)
  })
  it("a result of 50 MB is cut to 1 MiB of whole items, and says so [F-052]", async () => {
    const { envelope, stdout } = await ask(["hostile", "large-result"])
    expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(1_048_576)
    const { items } = envelope.data as { readonly items: ReadonlyArray<unknown> }
    expect(items.length).toBeGreaterThan(8_000)
    expect(envelope.meta).toMatchObject({ truncated: true, total_count: 500_000, returned_count: items.length })
    expect(envelope.meta.truncation_hint).toBe("TOOL_MAX_OUTPUT_BYTES=4194304 tool hostile large-result")
    expect(envelope.warnings).toEqual([expect.stringMatching(/^OUTPUT_TRUNCATED: /)])
  })
})

describe.concurrent("a handler that is merely careless", () => {
  it.for([
    ["odd-numbers", { big: "12", nan: null, infinite: null }, []],
    ["nothing", {}, []],
    ["scalar", { value: 7 }, [expect.stringMatching(/^RESULT_WRAPPED: /)]],
    ["unawaited", {}, [expect.stringMatching(/^UNAWAITED_ASYNC: .*Timeout$/)]],
    ["forgotten-child", {}, []],
  ] as const)("%s: a success with data, and a warning where it is due [F-049]", async ([name, data, warnings]) => {
    const { envelope, exit_code } = await ask(["hostile", name])
    expect(exit_code).toBe(0)
    expect(envelope).toMatchObject({ data, warnings })
  })
})
