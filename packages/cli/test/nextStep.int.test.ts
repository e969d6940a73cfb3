/** What is said of a mistake leads on: to the command, the file or the flag that it is about. */
import { invoke } from "@waybill/command"
import { chmodSync, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { waybill } from "../src/index.ts"
import { callWith, envOf, tokenFile, withOurs } from "./support/servers.ts"

const makeRoot = () => mkdtempSync(join(tmpdir(), "waybill-next-"))

it("explain of a job that is no run leads to job status", async () => {
  const root = makeRoot()
  await invoke(waybill, ["submit", "--type=a.b", "--job-id=j", "--root", root])
  const { envelope, exit_code } = await invoke(waybill, ["explain", "j", "--root", root])
  expect([exit_code, envelope?.error?.suggestion]).toEqual([
    5,
    `See where it stands with: waybill job status j --root ${root}`,
  ])
  const nobody = await invoke(waybill, ["explain", "k", "--root", root])
  expect([nobody.exit_code, nobody.envelope?.error?.suggestion]).toEqual([
    5,
    `List what there is with: waybill list --root ${root}`,
  ])
})

it("gc says that it removed something only where it did", async () => {
  const { envelope } = await invoke(waybill, ["gc", "--root", makeRoot()])
  expect(envelope?.data).toMatchObject({ removed: false, bytes: 0, entries: [] })
})

it("an empty id is refused", async () => {
  expect((await invoke(waybill, ["explain", "", "--root", makeRoot()])).exit_code).toBe(2)
})

it(
  "a server's refusals name the file to change, and the flag to add to those it has",
  withOurs(async (server) => {
    const file = tokenFile()
    const call = callWith(envOf(server, file))
    const unknown = await call("submit", "--type", "no.such")
    expect(unknown.error?.fix_required).toContain("one flag more than before: --job-type no.such")
    expect(unknown.error?.fix_required).toContain(`--addr ${new URL(server.url).host}`)
    chmodSync(file, 0o644)
    const open = await call("submit", "--type", "report.build")
    expect([open.exit_code, open.error?.fix_required]).toEqual([
      8,
      `Make the file readable by its owner alone: chmod 600 ${file}`,
    ])
    chmodSync(file, 0o600)
    await call("submit", "--type", "report.build", "--job-id", "j", "--payload", '{"a":1}')
    const other = await call("submit", "--type", "report.build", "--job-id", "j", "--payload", '{"a":2}')
    expect(other.error?.message).toBe("The key or the id stands for the job j, which has another payload.")
  }),
)
