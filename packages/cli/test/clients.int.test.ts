import { type Context, invoke } from "@waybill/command"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { waybill } from "../src/index.ts"
import { showServerEvents } from "../src/server/serverEvents.ts"
import { callWith, deserted, envOf, makeFolder, tokenFile, withListener, withOurs } from "./support/servers.ts"
import { typed } from "./support/typed.ts"

const linesOf = (stdout: string): ReadonlyArray<Readonly<Record<string, unknown>>> =>
  stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)

describe("a server asked for its jobs", () => {
  it(
    "answers as a ledger does: the same codes, the same descriptor, and commands that lead back to it",
    withOurs(async (server) => {
      const call = callWith(envOf(server))
      const first = await call("submit", "--type", "report.build", "--key", "k", "--payload", '{"pages":2}')
      expect(first).toMatchObject({ exit_code: 0, data: { status: "running", effect: "created" } })
      const again = await call("submit", "--type", "report.build", "--key", "k", "--payload", '{"pages":2}')
      expect(again.data).toMatchObject({ job_id: first.data["job_id"], effect: "noop" })
      const other = await call("submit", "--type", "report.build", "--key", "k", "--payload", '{"pages":3}')
      expect([other.exit_code, other.code]).toEqual([6, "IDEMPOTENCY_CONFLICT"])

      const typed = (name: string) => String(first.data[name]).split(" ").slice(1)
      expect(typed("status_command")).toContain(server.url)
      const asked = await callWith({})(...typed("status_command"))
      expect([asked.exit_code, asked.code]).toEqual([3, "JOB_RUNNING"])
      expect((await call("list")).data["jobs"]).toMatchObject([{ type: "report.build", status: "running" }])
      expect((await call("list", "--status", "failed")).data["jobs"]).toEqual([])

      const cancelled = await call("job", "cancel", String(first.data["job_id"]))
      expect(cancelled).toMatchObject({ exit_code: 0, data: { status: "cancelled", effect: "updated" } })
      expect((await call("job", "cancel", String(first.data["job_id"]))).data["effect"]).toBe("noop")
      const after = await call("job", "status", String(first.data["job_id"]))
      expect([after.exit_code, after.code]).toEqual([4, "JOB_CANCELLED"])
      expect(await call("wait", String(first.data["job_id"]))).toMatchObject({ exit_code: 4, code: "JOB_CANCELLED" })
      const nobody = await call("wait", "nobody")
      expect([nobody.exit_code, nobody.error?.suggestion]).toEqual([
        5,
        `List the jobs with: waybill list --server ${server.url}`,
      ])
    }),
  )

  it(
    "a payload comes from the words, a file or nowhere else, and an id may be anything",
    withOurs(async (server) => {
      const call = callWith(envOf(server))
      const file = join(makeFolder(), "payload")
      writeFileSync(file, '{"pages":9}')
      const made = await call("submit", "--type", "report.build", "--job-id", "a/b:c% d", "--payload", `@${file}`)
      expect(made.data).toMatchObject({ job_id: "a/b:c% d" })
      expect((await server.get("/waybill/v1/jobs/a%2Fb%3Ac%25%20d")).json()["job"]).toMatchObject({
        payload: { pages: 9 },
      })
      const words = typed(String(made.data["status_command"]))
      expect(await call(...words)).toMatchObject({ exit_code: 3, data: { job_id: "a/b:c% d" } })
      writeFileSync(file, "[1]")
      const refused = await call("submit", "--type", "report.build", "--payload", `@${file}`)
      expect([refused.exit_code, refused.code]).toEqual([2, "PAYLOAD_UNUSABLE"])
    }),
  )

  it(
    "waiting ends when the job does, without asking for ever",
    withOurs(async (server) => {
      const call = callWith(envOf(server))
      await call("submit", "--type", "report.build", "--job-id", "one")
      const running = await call("wait", "one", "--for", "20ms")
      expect([running.exit_code, running.code]).toEqual([3, "JOB_RUNNING"])
      const waiting = call("wait", "one", "--for", "30s")
      const claim = (await server.post("/waybill/v1/claims", { job_types: ["report.build"], wait: "10s" })).json()
      const hold = { claim_token: claim["claim_token"], lease_epoch: claim["lease_epoch"] }
      await server.post("/waybill/v1/jobs/one/complete", { ...hold, artifacts: { report: "r.txt" } })
      expect(await waiting).toMatchObject({
        exit_code: 0,
        data: { status: "complete", result: { artifacts: { report: "r.txt" } } },
      })
    }),
  )

  it(
    "events are told with their positions, from any position, and followed until the reader has enough",
    withOurs(async (server) => {
      const call = callWith(envOf(server))
      expect((await call("events")).stdout).toBe("")
      for (const id of ["a", "b", "c"]) await call("submit", "--type", "report.build", "--job-id", id)
      const all = linesOf((await call("events")).stdout)
      expect(all.map(({ job_id, position }) => [position, job_id])).toEqual([
        [1, "a"],
        [2, "b"],
        [3, "c"],
      ])
      expect(linesOf((await call("events", "--after", "2")).stdout)).toEqual(all.slice(2))
      expect((await call("events", "--after", "3")).stdout).toBe("")
      expect(linesOf((await call("events", "--job", "b")).stdout)).toEqual([all[1]])
      const stop = new AbortController()
      const patience = AbortSignal.timeout(60_000)
      const told: Array<unknown> = []
      const reading: Pick<Context, "fetch" | "log" | "signal" | "write"> = {
        fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.any([stop.signal, patience]) }),
        log: () => undefined,
        signal: stop.signal,
        write: async (event) => {
          told.push(event)
          if (told.length === 3) await call("submit", "--type", "report.build", "--job-id", "d")
          if (told.length === 4) stop.abort()
        },
      }
      const place = { url: server.url, token_file: "", words: [] }
      const follow = { after: 0, follow: true, job: undefined, type: undefined }
      await expect(showServerEvents(follow, place, reading)).rejects.toThrow()
      expect(told).toEqual([...all, expect.objectContaining({ job_id: "d", position: 4 })])
    }),
  )
})

describe("a server that cannot be asked is told apart, with the next command to type", () => {
  it("nobody listens there", async () => {
    const url = await deserted()
    const call = callWith(envOf({ url }))
    for (const words of [["list"], ["events"], ["wait", "x"], ["job", "status", "x"], ["submit", "--type", "a.b"]]) {
      const answer = await call(...words)
      expect([answer.exit_code, answer.code], words.join(" ")).toEqual([12, "SERVER_UNREACHABLE"])
      expect(answer.error?.suggestion).toBe(`Start one with: waybill serve --addr ${new URL(url).host}`)
    }
  })

  it(
    "the token is missing, unreadable, or not one of the server's",
    withOurs(async (server) => {
      const submit = (file: string) => callWith(envOf(server, file))("submit", "--type", "report.build")
      expect(await submit("/nowhere/token")).toMatchObject({ exit_code: 8, code: "TOKEN_NEEDED" })
      const wrong = tokenFile("another")
      const refused = await submit(wrong)
      expect(refused).toMatchObject({ exit_code: 7, code: "TOKEN_REFUSED" })
      expect(refused.error?.fix_required).toContain(`waybill token --token-file ${wrong}`)
      expect(refused.stdout).not.toContain("another\n")
      expect((await callWith(envOf(server, wrong))("list")).exit_code).toBe(0)
    }),
  )

  it(
    "what the server refuses keeps its code",
    withOurs(async (server) => {
      const call = callWith(envOf(server))
      const unknown = await call("submit", "--type", "no.such")
      expect([unknown.exit_code, unknown.code]).toEqual([4, "INVALID_JOB_TYPE"])
      expect(unknown.error?.fix_required).toContain("waybill serve --job-type no.such")
      expect(await call("submit", "--type", "report.build", "--max-attempts", "2")).toMatchObject({
        exit_code: 2,
        code: "MAX_ATTEMPTS_LOCAL",
      })
    }),
  )

  it("what talks there is no JobSpec server", () =>
    withListener(
      (_, response) => void response.end("<html>"),
      async (server) => {
        const call = callWith(envOf(server))
        for (const words of [["list"], ["events"], ["submit", "--type", "a.b"]])
          expect(await call(...words), words.join(" ")).toMatchObject({ exit_code: 4, code: "SERVER_UNSUITABLE" })
        // There, 4 is about the job.
        for (const words of [
          ["wait", "x"],
          ["job", "status", "x"],
          ["job", "cancel", "x"],
        ])
          expect(await call(...words), words.join(" ")).toMatchObject({ exit_code: 84, code: "SERVER_UNSUITABLE" })
      },
    ))

  it("a server of the contract without routes of ours is asked for what it has", async () => {
    const event = {
      schema_version: 1,
      event_id: "evt_1",
      request_id: "r",
      job_id: "one",
      event_type: "job.accepted",
      occurred_at: "2026-01-01T00:00:00Z",
      actor: "somebody",
      payload: { job_type: "rpi.run", max_attempts: 3, job_payload: {} },
    }
    await withListener(
      ({ url = "" }, response) => {
        if (!/^\/v1\/(?:events|plans\/diff)/u.test(url)) return void response.writeHead(404).end()
        response.setHeader("Content-Type", "application/json")
        const events = url.includes("/plans/diff") ? [] : [event]
        response.end(JSON.stringify({ events, last_event_id: "evt_1" }))
      },
      async (server) => {
        const call = callWith(envOf(server))
        expect((await call("job", "status", "one")).code).toBe("JOB_TIMEOUT")
        expect(linesOf((await call("events")).stdout)).toEqual([event])
        expect(await call("events", "--follow")).toMatchObject({ exit_code: 4, code: "SERVER_UNSUITABLE" })
      },
    )
  })

  it("an answer that is lost after the question was sent is not told as if nothing had happened", () =>
    withListener(
      (request) => void request.socket.destroy(),
      async (server) => {
        const lost = await callWith(envOf(server))("submit", "--type", "report.build", "--key", "k")
        expect(lost).toMatchObject({ exit_code: 1, code: "ANSWER_LOST" })
        expect(lost.error?.fix_required).toContain("Make the same call again")
      },
    ))
})

describe("garbage in place of an answer", () => {
  it.each(["garbage\r\n\r\n", "HTTP/1.1 2xx what\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"])(
    "%j: the question was sent, and a change may have been made",
    (text) =>
      withListener(
        ({ socket }) => void socket.end(text),
        async (server) => {
          const call = callWith(envOf(server))
          const lost = await call("submit", "--type", "report.build", "--key", "k")
          expect(lost).toMatchObject({ exit_code: 1, code: "ANSWER_LOST", error: { retryable: false } })
          expect((await call("list")).code).not.toBe("SERVER_UNREACHABLE")
        },
      ),
  )

  it("a port that is no web server's is never asked", async () => {
    const answer = await callWith(envOf({ url: "http://127.0.0.1:9" }))("submit", "--type", "a.b")
    expect(answer).toMatchObject({ exit_code: 2, code: "SERVER_ADDRESS_REFUSED" })
  })
})

describe("limits", () => {
  it("--timeout reaches every request, also one that follows others that were answered", async () => {
    let asked = 0
    await withListener(
      ({ url = "" }, response) => {
        asked += 1
        // The first question is answered, the next one never; a drip is no answer either.
        if (url.startsWith("/v1/plans/diff")) response.end('{"events":[],"last_event_id":"evt_1"}')
        else response.write("{")
      },
      async (server) => {
        const call = callWith(envOf(server))
        for (const words of [["list"], ["wait", "x"], ["job", "status", "x"], ["job", "cancel", "x"], ["events"]])
          expect(await call(...words, "--timeout", "250ms"), words.join(" ")).toMatchObject({ exit_code: 10 })
        const submitted = await call("submit", "--type", "report.build", "--timeout", "250ms")
        expect([submitted.exit_code, submitted.error?.retryable]).toEqual([10, false])
      },
    )
    expect(asked).toBeGreaterThan(6)
  })

  it("wait ends with --for where the server is silent, and says what it knows", async () => {
    const job = { job_type: "report.build", max_attempts: 3, job_payload: {} }
    const fact = { schema_version: 1, event_id: "evt_1", request_id: "r", actor: "somebody", payload: job }
    const events = [{ ...fact, job_id: "x", event_type: "job.accepted", occurred_at: new Date().toISOString() }]
    const answers = [undefined, (url: string) => !url.startsWith("/v1/events")]
    const waited = answers.map(async (isAnswered) => {
      let answer: Awaited<ReturnType<ReturnType<typeof callWith>>> | undefined
      await withListener(
        ({ url = "" }, response) => {
          if (isAnswered?.(url) === true) response.end(JSON.stringify({ events, last_event_id: "evt_1" }))
        },
        async (server) => {
          answer = await callWith(envOf(server))("wait", "x", "--for", "10ms")
        },
      )
      return [answer?.exit_code, answer?.code]
    })
    expect(await Promise.all(waited)).toEqual([
      [10, "SERVER_SILENT"],
      [3, "JOB_RUNNING"],
    ])
  })

  it("events have the limit of other commands, unless they are followed or it is lifted", async () => {
    const url = await deserted()
    const limit_ms = async (...words: ReadonlyArray<string>) => {
      const { envelope } = await invoke(waybill, ["events", "--server", url, ...words], { env: {} })
      return envelope?.meta.timeout_ms
    }
    expect(await limit_ms()).toBe(300_000)
    expect(await limit_ms("--follow")).toBe(0)
    expect(await limit_ms("--timeout", "0")).toBe(0)
    expect(await limit_ms("--follow", "--timeout", "9s")).toBe(9_000)
  })

  it("every exit code that a server's answer ends a command with is in its contract", async () => {
    const promised: Record<string, ReadonlyArray<string>> = {}
    for (const name of ["submit", "list", "events", "wait", "job status", "job cancel"]) {
      const { stdout } = await invoke(waybill, [...name.split(" "), "--schema"])
      const { exit_codes } = JSON.parse(stdout) as { readonly exit_codes: Readonly<Record<string, object>> }
      promised[name] = Object.keys(exit_codes)
    }
    for (const [name, codes] of Object.entries(promised)) {
      expect(codes, name).toEqual(expect.arrayContaining(["7", "8", "10", "12"]))
      expect(codes.includes("84"), name).toBe(["wait", "job status", "job cancel"].includes(name))
    }
  })

  it("every command that can ask a server has both limits", async () => {
    for (const name of ["submit", "list", "events", "wait", "job status", "job cancel"]) {
      const { stdout } = await invoke(waybill, [...name.split(" "), "--schema"])
      const { flags } = JSON.parse(stdout) as { readonly flags: Readonly<Record<string, object>> }
      expect(Object.keys(flags), name).toEqual(expect.arrayContaining(["timeout", "connect-timeout", "server"]))
    }
  })
})

describe("which is asked", () => {
  it("--server goes before everything, a root before WAYBILL_SERVER, and both at once are refused", async () => {
    const root = makeFolder()
    const call = callWith({ WAYBILL_SERVER: "http://127.0.0.1:9" })
    expect((await call("list", "--root", root)).exit_code).toBe(0)
    expect((await call("list", "--root", root, "--server", "http://127.0.0.1:9")).code).toBe("SERVER_ADDRESS_REFUSED")
    expect((await call("list", "--ledger", "postgres://x/y", "--server", "http://127.0.0.1:9")).exit_code).toBe(2)
  })

  it.each(["nowhere", "ftp://a", "http://me:secret@a/", "http://a/?b"])("%s is no server", async (server) => {
    const answer = await callWith({})("list", "--server", server)
    expect([answer.exit_code, answer.error?.phase]).toEqual([2, "validation"])
    expect(answer.stdout).not.toContain("me:secret")
    expect((await callWith({ WAYBILL_SERVER: server })("list")).code).toBe("SERVER_ADDRESS_REFUSED")
  })
})
