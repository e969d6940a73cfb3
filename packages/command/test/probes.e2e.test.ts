/**
 * What a caller sees of a real process: signals, pipes, jobs, streams, services.
 *
 * @module
 */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { fileJobStore } from "../src/JobStore.ts"
import { needs } from "../../../test/support/needs.ts"
import { ask, call, envelopeIn, family, programOf } from "./support/call.ts"
import { shell } from "./support/shell.ts"

let state = ""
beforeAll(() => {
  state = mkdtempSync(join(tmpdir(), "waybill-jobs-"))
})
afterAll(() => rmSync(state, { recursive: true, force: true }))

describe.concurrent("signals", () => {
  it.for([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("%s: cleanup once, a CANCELLED answer, exit %i [C-017 F-013 F-069]", async ([signal, code]) => {
    const onOutput = (text: string, kill: (signal: NodeJS.Signals) => void) => {
      if (text.includes("waiting")) kill(signal)
    }
    const { envelope, exit_code, stderr } = await ask(["wait"], { onOutput })
    expect(exit_code).toBe(code)
    expect(envelope).toMatchObject({ error: { code: "CANCELLED", signal, retryable: false }, meta: { partial: true } })
    expect(stderr.match(/cleaned up/g)).toHaveLength(1)
  })

  it("a terminal that is closed ends a command as SIGTERM does, with its cleanup and its answer", async () => {
    const { envelope, exit_code, stderr } = await ask(["wait"], {
      onOutput: (text, kill) => {
        if (text.includes("waiting")) kill("SIGHUP")
      },
    })
    expect([exit_code, envelope.error?.code]).toEqual([143, "CANCELLED"])
    expect(stderr.match(/cleaned up/g)).toHaveLength(1)
  })

  it("a service that ends as it was told to, in its own time, has succeeded, and is cleaned up after once", async () => {
    const { exit_code, stderr, stdout } = await call(["serve"], {
      onOutput: (text, kill) => {
        if (text.includes("listening")) kill("SIGTERM")
      },
    })
    const [listening, closed, ...more] = stdout.trimEnd().split("\n")
    expect(JSON.parse(listening ?? "")).toMatchObject({ event: "listening" })
    expect(JSON.parse(closed ?? "")).toEqual({ event: "closed" })
    expect([exit_code, more]).toEqual([0, []])
    expect(stderr).toBe("cleaned up\n")
  })

  it("a service that does not end in its time is ended, and its last line is the answer", async () => {
    const { exit_code, stdout } = await call(["hasty"], {
      onOutput: (text, kill) => {
        if (text.includes("waiting")) kill("SIGTERM")
      },
    })
    const [, answer] = stdout.split("\n")
    expect([exit_code, envelopeIn(`${answer}\n`).error?.code]).toEqual([143, "CANCELLED"])
  })

  it("a second SIGINT ends at once what has time to end, and there is still one answer [F-069]", async () => {
    const began_ms = performance.now()
    const { exit_code, stdout } = await call(["deaf"], {
      onOutput: (text, kill) => {
        if (text.includes("waiting") || text.includes("told to stop")) kill("SIGINT")
      },
    })
    const [, answer] = stdout.split("\n")
    expect([exit_code, envelopeIn(`${answer}\n`).error?.code]).toEqual([130, "CANCELLED"])
    // Without the second it would have been given ten seconds.
    expect(performance.now() - began_ms).toBeLessThan(9_000)
  })

  it("cleanup that does not end is given one second [C-017]", async () => {
    const { envelope, exit_code } = await ask(["stubborn"], {
      onOutput: (text, kill) => {
        if (text.includes("waiting")) kill("SIGTERM")
      },
    })
    expect([exit_code, envelope.error?.code]).toEqual([143, "CANCELLED"])
  })

  it("when the supervisor is killed, the handler's process ends itself", async ({ expect: within }) => {
    const { alive, env } = family()
    await call(["wait"], {
      env,
      onOutput: (text, kill) => {
        if (text.includes("waiting")) kill("SIGKILL")
      },
    })
    await within.poll(alive, { timeout: 10_000 }).toEqual([])
  })
})

describe.concurrent("pipes", () => {
  needs("bash")(it)("a reader that leaves early is no failure, and nothing is said about it [F-014]", async () => {
    const line = "tool list --limit 0 --count 20000 | head -c 10 >/dev/null; exit ${PIPESTATUS[0]}"
    expect(await shell(line)).toEqual({ status: 0, stdout: "", stderr: "" })
  })
  needs("bash")(it)("a stream stops when its reader leaves", async () => {
    const line = "tool count 100000000 | head -n 2; exit ${PIPESTATUS[0]}"
    expect(await shell(line)).toEqual({ status: 0, stdout: '{"n":1}\n{"n":2}\n', stderr: "" })
  })
  needs("bash")(it)("a slow reader gets a stream to its last byte [F-053]", async () => {
    const line = "tool blob | (sleep 4; wc -c); exit ${PIPESTATUS[0]}"
    expect(await shell(line)).toEqual({ status: 0, stdout: "180000\n", stderr: "" })
  })
  needs("bash")(it)("a reader that has stalled does not hold a process that is told twice to end", async () => {
    const line =
      "tool list --limit 0 --count 20000 > >(sleep 20 >/dev/null 2>&1) & sleep 4; kill $!; sleep 0.5; kill $!; wait $!"
    const began_ms = performance.now()
    expect((await shell(`(${line})`)).status).toBe(143)
    expect(performance.now() - began_ms).toBeLessThan(60_000)
  })
  needs("bash")(it)("a failure keeps its code when nobody reads it [F-014]", async () => {
    expect(await shell("tool echo quota | true; exit ${PIPESTATUS[0]}")).toMatchObject({ status: 80, stderr: "" })
  })
})

describe.concurrent("words that are missing", () => {
  needs("bash")(it)("are not asked for, and a stdin that stays open is not waited for [F-009]", async () => {
    const { status, stdout } = await shell("mkfifo open && tool echo 0<>open", mkdtempSync(join(state, "stdin-")))
    expect([status, envelopeIn(stdout).error]).toMatchObject([2, { code: "ARG_ERROR", errors: [{ field: "text" }] }])
  })
})

describe.concurrent("a pseudo-terminal", () => {
  const terminal = async (words: string) => {
    const node = `'${process.execPath}' '${await programOf("tool.ts")}'`
    const child = spawn("script", ["-qec", `${node} ${words}`, "/dev/null"], {
      env: { ...process.env, CI: "", NO_COLOR: "", TERM: "xterm" },
      stdio: ["ignore", "pipe", "ignore"],
    })
    let stdout = ""
    child.stdout.on("data", (chunk) => (stdout += String(chunk)))
    await new Promise((resolve) => {
      child.on("close", resolve)
    })
    return stdout.replaceAll("\r\n", "\n")
  }
  const escape = String.fromCharCode(27)

  needs("script")(it)("gets a table with colours", async () => {
    const shown = await terminal("list --count 1")
    // A slow machine may have shown that it was going on.
    expect(shown.slice(shown.lastIndexOf("\r") + 1).replace(`${escape}[K`, "")).toBe(
      `${escape}[2mitems${escape}[22m\n${escape}[1mid${escape}[22m  ${escape}[1mname${escape}[22m\n0   item 0\n`,
    )
  })
  needs("script")(it)("sees what is going on after half a second, and the line is gone at the end", async () => {
    const shown = await terminal("hostile never")
    expect(shown).toContain("⠋ hostile never 0s")
    expect(shown.slice(shown.lastIndexOf("\r"))).toMatch(/^\r\S+\[K\S+error:/)
  })
})

describe.concurrent("answers", () => {
  it.for([0, 1, 3])("%i items are one JSON value [F-006]", async (count) => {
    const { envelope } = await ask(["list", "--count", String(count)])
    expect(envelope.meta.pagination).toMatchObject({ total: count, returned: count, has_more: false })
  })
  it("two wrong arguments are told in one answer, and nothing is done [F-002 C-006]", async () => {
    const { envelope, exit_code } = await ask(["echo", "--times", "x", "--mood", "odd"])
    expect(exit_code).toBe(2)
    expect(envelope.error?.errors?.map(({ param }) => param)).toEqual(["--times", "--mood", "TEXT"])
    expect(envelope.error?.phase).toBe("validation")
  })
  it("what a stream writes in the program's own process is on stdout, and what its handler prints is not", async () => {
    const { exit_code, stderr, stdout } = await call(["blob-here"])
    expect([exit_code, stdout]).toEqual([0, "first second"])
    expect(stderr).toContain("THIRD_PARTY_STDOUT: prose")
  })

  it("a stream that fails after it began has the answer as its last line", async () => {
    const { exit_code, stdout } = await call(["count", "2", "--fail"])
    const lines = stdout.trimEnd().split("\n")
    expect(lines.slice(0, 2)).toEqual(['{"n":1}', '{"n":2}'])
    expect(envelopeIn(`${lines[2]}\n`).error?.code).toBe("COUNT_FAILED")
    expect(exit_code).toBe(1)
  })
  it("a validate hook refuses with exit 2, and nothing has run [F-002 F-015]", async () => {
    const { envelope, exit_code } = await ask(["remove"], { env: { REFUSE: "1" } })
    expect([exit_code, envelope.error?.code, envelope.error?.phase]).toEqual([2, "ARG_ERROR", "validation"])
  })
  it("a trace id travels from the environment into the answer [F-024]", async () => {
    const { envelope } = await ask(["echo", "a"], { env: { TOOL_TRACE_ID: "abc\u0007-1" } })
    expect(envelope.meta.trace_id).toBe("abc-1")
  })
})

describe.concurrent("steps", () => {
  it.for([
    [
      "well",
      0,
      { completed_steps: ["fetch", "build", "ship"], failed_step: null, skipped_steps: [], effect: "created" },
    ],
    [
      "throw",
      3,
      {
        completed_steps: ["fetch"],
        failed_step: "build",
        skipped_steps: ["ship"],
        partial: true,
        resume_from: "build",
      },
    ],
    [
      "hang",
      10,
      {
        completed_steps: ["fetch"],
        failed_step: "build",
        skipped_steps: ["ship"],
        partial: true,
        resume_from: "build",
      },
    ],
    ["disorder", 1, { completed_steps: ["fetch"], failed_step: null, skipped_steps: ["build", "ship"], partial: true }],
  ] as const)("%s: exit %i and where it stopped [C-008]", async ([end, code, data]) => {
    const { envelope, exit_code } = await ask(["steps", end])
    expect({ exit_code, data: envelope.data }).toMatchObject({ exit_code: code, data })
  })
  it("are told as lines on stderr with --output json, and on stdout with --output jsonl", async () => {
    const [json, jsonl] = await Promise.all([ask(["steps", "--output", "json"]), call(["steps", "--output", "jsonl"])])
    const first = '{"event":"step_start","step":"fetch"}'
    expect(json.stderr.split("\n")[0]).toBe(first)
    const lines = jsonl.stdout.trimEnd().split("\n")
    expect([lines[0], lines.length]).toEqual([first, 7])
    expect(envelopeIn(`${lines[6]}\n`).ok).toBe(true)
  })
})

describe.concurrent("effects", () => {
  it.for([
    ["well", 0, { data: { fine: true } }],
    [
      "fail",
      5,
      { error: { code: "THING_MISSING", message: "The thing is not there.", fix_required: "Make the thing first." } },
    ],
    ["die", 1, { error: { code: "UNHANDLED_EXCEPTION", message: "a defect" } }],
    ["hang", 10, { error: { code: "TIMEOUT" } }],
  ] as const)("%s: exit %i", async ([end, code, answer]) => {
    const { envelope, exit_code, stderr } = await ask(["effect", end], { program: "effect-tool.ts" })
    expect(exit_code).toBe(code)
    expect(envelope).toMatchObject(answer)
    expect(stderr.match(/interrupted|tidied/g)).toEqual(end === "hang" ? ["interrupted", "tidied"] : ["tidied"])
  })
})

describe("jobs", { timeout: 60_000 }, () => {
  const inState = () => ({ env: { XDG_STATE_HOME: state } })
  /** Jobs outlive their call on purpose, so these calls are not asked about what they left. */
  const start = async (...words: ReadonlyArray<string>) => {
    const { exit_code, stdout } = await call(["render", ...words], inState())
    return { exit_code, envelope: envelopeIn(stdout) }
  }
  const status = (id: string) => ask(["job", "status", id], inState())

  it("a job is running at once, is cancelled once, and stays cancelled [C-003]", async () => {
    const started = await start("a1")
    expect(started).toMatchObject({
      exit_code: 0,
      envelope: {
        data: {
          job_id: "a1",
          status: "running",
          terminal: false,
          status_command: "tool job status a1",
          cancel_command: "tool job cancel a1",
        },
      },
    })
    expect(await status("a1")).toMatchObject({
      exit_code: 3,
      envelope: { data: { terminal: false }, error: { code: "JOB_RUNNING", retryable: true, retry_after_ms: 1_000 } },
    })
    const cancel = () => ask(["job", "cancel", "--id", "a1"], inState())
    expect(await cancel()).toMatchObject({
      exit_code: 0,
      envelope: { data: { status: "cancelled", effect: "updated" } },
    })
    expect(await cancel()).toMatchObject({ exit_code: 0, envelope: { data: { effect: "noop" } } })
    expect(await status("a1")).toMatchObject({
      exit_code: 4,
      envelope: { data: { status: "cancelled", terminal: true }, error: { code: "JOB_CANCELLED", retryable: false } },
    })
  })

  it("a job that its process reports as complete is complete, with its result, and cannot be cancelled", async () => {
    await start("f1", "--life", "60000")
    const store = fileJobStore(join(state, "tool/jobs"))
    await store.end("f1", { status: "complete", result: { frames: 24 } })
    expect(await status("f1")).toMatchObject({
      exit_code: 0,
      envelope: { data: { status: "complete", terminal: true, result: { frames: 24 } }, error: null },
    })
    expect(await ask(["job", "cancel", "f1"], inState())).toMatchObject({
      exit_code: 6,
      envelope: { error: { code: "JOB_ALREADY_FINISHED" } },
    })
  })

  it("an id that was used is refused, an id that was not is not found, a malformed one is an argument error [C-020]", async () => {
    await start("b1")
    expect(await start("b1")).toMatchObject({ exit_code: 1, envelope: { error: { code: "JOB_ID_TAKEN" } } })
    await ask(["job", "cancel", "b1"], inState())
    expect(await status("nobody")).toMatchObject({
      exit_code: 5,
      envelope: { data: null, error: { code: "JOB_NOT_FOUND" } },
    })
    expect(await status("../b1")).toMatchObject({ exit_code: 2, envelope: { error: { code: "ARG_ERROR" } } })
  })

  it("a job that is older than its limit has failed, and one whose record is corrupt is lost", async () => {
    const { envelope } = await start("c1", "--life", "1")
    expect(envelope.ok).toBe(true)
    expect(await status("c1")).toMatchObject({ exit_code: 4, envelope: { error: { code: "JOB_TIMEOUT" } } })
    expect(await ask(["job", "cancel", "c1"], inState())).toMatchObject({
      exit_code: 6,
      envelope: { error: { code: "JOB_ALREADY_FINISHED" }, data: { status: "failed" } },
    })
    writeFileSync(join(state, "tool/jobs/d1.json"), "{")
    expect(await status("d1")).toMatchObject({ exit_code: 4, envelope: { error: { code: "JOB_LOST" } } })
  })

  it("a handler that answers no descriptor fails, with what is missing", async () => {
    const { envelope, exit_code } = await start("e1", "--bad")
    expect(exit_code).toBe(1)
    expect(envelope.error).toMatchObject({
      code: "JOB_DESCRIPTOR_INVALID",
      context: { missing: ["job_id"], job_id: "not an id" },
    })
  })
})
