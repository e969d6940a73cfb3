import { invoke } from "@waybill/command"
import { type ServerReport, serverLaws } from "@waybill/conformance"
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { once } from "node:events"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { startProgram } from "../../jobspec-server/test/support/program.ts"
import { waybill } from "../src/index.ts"

const inFolder = (body: (folder: string) => Promise<void>) => async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "waybill-conformance-"))
  try {
    await body(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe("conformance run", () => {
  it(
    "ends well when our own server holds level 1, and writes a report to read, one for programs, and a badge",
    inFolder(async (folder) => {
      const { end, first } = await startProgram(["--root", folder, "--addr", "127.0.0.1:0"])
      try {
        const file = (name: string): string => join(folder, name)
        const { envelope, exit_code } = await invoke(waybill, [
          "conformance",
          "run",
          "--url",
          `${first.url}/`,
          "--token-file",
          first.token_file,
          "--level",
          "1",
          "--report",
          file("r.html"),
          "--report",
          file("r.json"),
          "--badge",
          file("b.svg"),
          "--seed",
          "5",
        ])
        expect(exit_code, JSON.stringify(envelope)).toBe(0)
        expect(envelope?.data).toMatchObject({
          seed: 5,
          conclusion: expect.stringMatching(/^The claim to level 1 \(Observe\) holds\./u),
          broken: [],
        })
        expect(readFileSync(file("r.html"), "utf8")).toContain("The claim to level 1 (Observe) holds.")
        expect(JSON.parse(readFileSync(file("r.json"), "utf8"))).toMatchObject({ schema_version: 1, isKept: true })
        expect(readFileSync(file("b.svg"), "utf8")).toContain("level 1 observe")
      } finally {
        await end("SIGKILL")
      }
    }),
    60_000,
  )

  it(
    "ends with LEVEL_NOT_HELD when it does not, names the first broken law and shows its requests, without the token",
    inFolder(async (folder) => {
      // Everything is well, whatever is asked.
      const server = createServer((_, response) => {
        response.setHeader("Content-Type", "application/json")
        response.end('{"status":"ok"}\n')
      })
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      try {
        writeFileSync(join(folder, "token"), "s3cret\n")
        const { envelope, exit_code, stdout } = await invoke(waybill, [
          "conformance",
          "run",
          "--url",
          `http://127.0.0.1:${port}`,
          "--level",
          "1",
          "--token-file",
          join(folder, "token"),
        ])
        expect(exit_code).toBe(83)
        expect(envelope?.error).toMatchObject({ code: "LEVEL_NOT_HELD" })
        expect(envelope?.error?.message).toContain("The claim to level 1 (Observe) does not hold.")
        expect(stdout).toContain('curl -sS \\"$URL/v1/ready\\"')
        expect(stdout).not.toContain("s3cret")
      } finally {
        server.closeAllConnections()
        server.close()
      }
    }),
    60_000,
  )

  const withServer = async (body: (url: string, asked: ReadonlyArray<string>) => Promise<void>): Promise<void> => {
    const asked: Array<string> = []
    const server = createServer(({ method, url }, response) => {
      asked.push(`${method} ${url}`)
      const is = url === "/v1/health" ? 200 : method === "POST" ? 403 : 404
      response.writeHead(is, { "Content-Type": "application/json" })
      response.end('{"status":"ok","now":"2026-01-01T00:00:00Z"}\n')
    })
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const address = server.address()
    try {
      await body(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`, asked)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  it("ends with a precondition that is not met when the server refuses the token", () =>
    withServer(async (url) => {
      const { envelope, exit_code } = await invoke(waybill, [
        "conformance",
        "run",
        "--url",
        url,
        "--token",
        "wrong-one",
      ])
      expect(exit_code).toBe(4)
      expect(envelope?.error).toMatchObject({ code: "TOKEN_REFUSED", fix_required: expect.stringContaining("--token") })
    }))

  it(
    "refuses a report or badge that cannot be written, and a ledger that is a folder, before it asks for anything",
    inFolder((folder) =>
      withServer(async (url, asked) => {
        for (const [option, path] of [
          ["--report", join(folder, "nothing/r.html")],
          ["--badge", join(folder, "nothing/b.svg")],
        ] as const) {
          const { envelope, exit_code } = await invoke(waybill, ["conformance", "run", "--url", url, option, path])
          expect(exit_code).toBe(4)
          expect(envelope?.error).toMatchObject({ code: "REPORT_UNWRITABLE" })
          expect(envelope?.error?.message).toContain(`${option} ${path}`)
        }
        expect((await invoke(waybill, ["conformance", "run", "--url", url, "--ledger", folder])).exit_code).toBe(2)
        expect(asked).toEqual([])
      }),
    ),
  )

  it(
    "that is interrupted writes a report of what was looked at, in which the rest is skipped",
    inFolder(async (folder) => {
      // From its sources: laws are files that a bundle does not have.
      const main = ["--conditions=@waybill/source", join(import.meta.dirname, "../src/main.ts")]
      let interrupt = (): void => undefined
      // A law is in the middle of its work: it has asked, and is not answered.
      const server = createServer(({ url }, response) => {
        if (url === "/v1/ready") return interrupt()
        response.writeHead(url === "/v1/health" ? 200 : 404, { "Content-Type": "application/json" })
        response.end('{"status":"ok","now":"2026-01-01T00:00:00Z"}\n')
      })
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const file = join(folder, "r.json")
      const words = ["conformance", "run", "--url", `http://127.0.0.1:${port}`, "--report", file]
      const child = spawn(process.execPath, [...main, ...words, "--badge", join(folder, "b.svg")], { stdio: "ignore" })
      interrupt = () => void child.kill("SIGINT")
      try {
        expect(await once(child, "exit")).toEqual([130, null])
        const report = JSON.parse(readFileSync(file, "utf8")) as ServerReport
        expect(report).toMatchObject({ isInterrupted: true, isKept: false })
        const reasons = report.laws.map(({ verdict }) => ("reason" in verdict ? verdict.reason : verdict.status))
        expect(reasons.filter((reason) => reason === "the run was interrupted").length).toBeGreaterThan(10)
        expect(report.laws.length).toBe((await serverLaws()).length)
        expect(existsSync(join(folder, "b.svg"))).toBe(false)
      } finally {
        server.closeAllConnections()
        server.close()
      }
    }),
    60_000,
  )

  it("tells a ledger that is not there, and takes a time without a unit for seconds", () =>
    withServer(async (url) => {
      const words = ["conformance", "run", "--url", url, "--time", "1.5"]
      const none = await invoke(waybill, [...words, "--ledger", "/nothing/ledger.jsonl", "--level", "1"])
      expect(none.exit_code).toBe(4)
      expect(none.envelope?.error).toMatchObject({ code: "NO_LEDGER" })
    }))

  it(
    "says what is lacking where nothing is broken and the claim does not hold all the same",
    inFolder(async (folder) => {
      const { end, first } = await startProgram(["--root", folder, "--addr", "127.0.0.1:0"])
      try {
        const words = ["conformance", "run", "--url", first.url, "--level", "2", "--time", "1"]
        const { envelope, exit_code } = await invoke(waybill, words)
        expect(exit_code).toBe(83)
        expect(envelope?.error?.fix_required).not.toContain("level 3")
        expect(envelope?.error?.fix_required).toMatch(/^No law is broken: .*level 2 is not shown \(.*needs a token/u)
      } finally {
        await end("SIGKILL")
      }
    }),
    60_000,
  )

  it("says so when nothing answers, and refuses words that mean nothing", async () => {
    const nobody = await invoke(waybill, ["conformance", "run", "--url", "http://127.0.0.1:1"])
    expect(nobody.envelope?.error).toMatchObject({ code: "NOT_A_SERVER" })
    const wrong = await invoke(waybill, [
      "conformance",
      "run",
      "--url",
      "x",
      "--level",
      "9",
      "--report",
      "a.txt",
      "--time",
      "0",
    ])
    expect(wrong.exit_code).toBe(2)
    expect((wrong.envelope?.error?.errors ?? []).map(({ field }) => field)).toEqual(["url", "level", "time", "report"])
  })
})
