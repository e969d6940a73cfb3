import { invoke } from "@waybill/command"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { waybill } from "../src/index.ts"
import { typed } from "./support/typed.ts"

const makeRoot = () => mkdtempSync(join(tmpdir(), "waybill-cli-"))
const at =
  (root: string) =>
  async (...words: ReadonlyArray<string>) => {
    const { envelope, exit_code, stdout } = await invoke(waybill, [...words, "--root", root])
    const data = (envelope?.data ?? {}) as Readonly<Record<string, unknown>>
    const warnings = envelope?.warnings
    return { exit_code, code: envelope?.error?.code, error: envelope?.error, data, stdout, warnings }
  }

it("nobody's job is told with the command that lists the jobs of the same place", async () => {
  const root = mkdtempSync(join(tmpdir(), "waybill-jobs-"))
  for (const words of [
    ["job", "status", "nobody"],
    ["job", "cancel", "nobody"],
    ["wait", "nobody"],
  ]) {
    const { envelope, exit_code } = await invoke(waybill, [...words, "--root", root])
    expect([words.join(" "), exit_code, envelope?.error?.code]).toEqual([words.join(" "), 5, "JOB_NOT_FOUND"])
    expect(envelope?.error?.suggestion).toBe(`List the jobs with: waybill list --root ${root}`)
  }
})

describe("jobs of the queue", () => {
  it("a submission answers with a complete descriptor, and the same again finds it", async () => {
    const call = at(makeRoot())
    const first = await call("submit", "--type", "report.build", "--key", "k", "--payload", '{"pages":2}')
    expect(first.exit_code).toBe(0)
    expect(first.data).toMatchObject({ status: "running", terminal: false, effect: "created", queue_status: "queued" })
    const again = await call("submit", "--type", "report.build", "--key", "k", "--payload", '{"pages":2}')
    expect(again.data).toMatchObject({ job_id: first.data["job_id"], effect: "noop" })
    const other = await call("submit", "--type", "report.build", "--key", "k", "--payload", '{"pages":3}')
    expect([other.exit_code, other.code]).toEqual([6, "IDEMPOTENCY_CONFLICT"])
  })

  it("the commands of a descriptor can be typed as they stand, whatever the id", async () => {
    const root = makeRoot()
    const { data } = await at(root)("submit", "--type", "report.build", "--job-id", "a/b:c% d")
    const words = typed(String(data["status_command"]))
    const { envelope, exit_code } = await invoke(waybill, words)
    expect([exit_code, envelope?.error?.code]).toEqual([3, "JOB_RUNNING"])
    expect(envelope?.data).toMatchObject({ job_id: "a/b:c% d", status: "running" })
  })

  it("job status ends with 3 while it runs, 4 when it was cancelled, 5 when nobody asked for it", async () => {
    const call = at(makeRoot())
    const { data } = await call("submit", "--type", "report.build")
    const id = String(data["job_id"])
    expect(await call("job", "status", id)).toMatchObject({ exit_code: 3, code: "JOB_RUNNING" })
    expect(await call("wait", id, "--for", "1ms")).toMatchObject({ exit_code: 3, code: "JOB_RUNNING" })
    expect(await call("job", "cancel", id)).toMatchObject({ exit_code: 0, data: { effect: "updated" } })
    expect(await call("job", "cancel", id)).toMatchObject({ exit_code: 0, data: { effect: "noop" } })
    expect(await call("job", "status", id)).toMatchObject({ exit_code: 4, code: "JOB_CANCELLED" })
    expect(await call("wait", id)).toMatchObject({ exit_code: 4, code: "JOB_CANCELLED" })
    expect(await call("job", "status", "nobody")).toMatchObject({ exit_code: 5, code: "JOB_NOT_FOUND" })
    expect(await call("wait", "nobody")).toMatchObject({ exit_code: 5, code: "JOB_NOT_FOUND" })
  })

  it("a list tells how many there are, and its cursor gives the rest", async () => {
    const root = makeRoot()
    for (const id of ["a", "b", "c"]) await at(root)("submit", "--type", "report.build", "--job-id", id)
    const list = async (...words: ReadonlyArray<string>) => {
      const { envelope } = await invoke(waybill, ["list", "--root", root, "--limit", "2", ...words])
      const data = envelope?.data as { readonly jobs: ReadonlyArray<{ readonly job_id: string }> } | undefined
      return { ids: data?.jobs.map(({ job_id }) => job_id), pagination: envelope?.meta.pagination }
    }
    const first = await list()
    expect(first.ids).toEqual(["a", "b"])
    expect(first.pagination).toMatchObject({ total: 3, has_more: true })
    const second = await list("--cursor", String(first.pagination?.next_cursor))
    expect(second.ids).toEqual(["c"])
    expect(second.pagination).toMatchObject({ total: 3, has_more: false })
  })
})

describe("reading", () => {
  it("nothing that only reads makes a file", async () => {
    const root = makeRoot()
    const call = at(root)
    for (const words of [["list"], ["events"], ["ledger", "show"], ["ledger", "verify"], ["du"], ["ledger", "replay"]])
      expect((await call(...words)).exit_code, words.join(" ")).toBe(0)
    expect((await call("explain", "nobody")).code).toBe("RUN_NOT_FOUND")
    expect((await call("du")).data["bytes"]).toBe(0)
  })

  it("what is exported can be imported into an empty ledger, once, and says the same there", async () => {
    const [from, to] = [makeRoot(), makeRoot()]
    await at(from)("submit", "--type", "report.build", "--job-id", "one")
    await at(from)("job", "cancel", "one")
    const { stdout } = await at(from)("ledger", "export")
    const file = join(to, "lines")
    writeFileSync(file, stdout)
    expect(await at(to)("ledger", "import", `${file}.gone`)).toMatchObject({
      exit_code: 2,
      code: "FILE_UNREADABLE",
    })
    expect(await at(to)("ledger", "import", file)).toMatchObject({ exit_code: 0, data: { records: 2 } })
    expect(await at(to)("ledger", "import", file)).toMatchObject({ exit_code: 4, code: "STORE_REFUSED" })
    expect((await at(to)("events")).stdout).toBe((await at(from)("events")).stdout)
  })

  it("replay shows a projection as it was at a position", async () => {
    const call = at(makeRoot())
    await call("submit", "--type", "report.build", "--job-id", "one")
    await call("job", "cancel", "one")
    const status = async (position: string) => {
      const { data } = await call("ledger", "replay", "--projection", "queue", "--at", position)
      return (data["entities"] as ReadonlyArray<{ readonly entity: { readonly status: string } }>)[0]?.entity.status
    }
    expect([await status("1"), await status("2")]).toEqual(["queued", "cancelled"])
    const warnings = async (position: string) => (await call("ledger", "replay", "--at", position)).warnings
    expect(await warnings("2")).toEqual([])
    expect(await warnings("3")).toEqual([expect.stringMatching(/^BEYOND_THE_END: .* at 2, where the ledger ends$/u)])
  })
})
