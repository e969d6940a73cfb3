/** A command that an answer tells to type, typed into a real shell, is about that job and no other. */
import { invoke } from "@waybill/command"
import fc from "fast-check"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { waybill } from "../src/index.ts"
import { jobCommands } from "../src/jobs/JobDescription.ts"
import { runIdFlag } from "../src/Place.ts"
import { typed } from "./support/typed.ts"

const makeRoot = () => mkdtempSync(join(tmpdir(), "waybill-named-"))
const env = { PATH: process.env["PATH"] ?? "" }

const wordsOfJob = fc
  .string({ unit: fc.constantFrom(..."ab-%20/'\"$`\\ ü=~*;&!#"), minLength: 1, maxLength: 12 })
  .filter((id) => id.trim() === id)

describe("a command that names a job", () => {
  it("is about exactly that one, where another has its encoded name", async () => {
    const root = makeRoot()
    const ids = ["x%20y", "x y", "-x", "--help", "it's", "a b/ü"]
    const submit = (id: string) =>
      invoke(waybill, ["submit", "--type", "report.build", `--job-id=${id}`, "--root", root], { env })
    const made = []
    for (const id of ids) made.push((await submit(id)).envelope?.data)
    for (const data of made) {
      const { cancel_command, job_id, status_command } = data as Readonly<Record<string, string>>
      const asked = await invoke(waybill, typed(String(status_command)), { env: { ...env, NODE_ENV: "development" } })
      expect([asked.exit_code, asked.envelope?.data]).toMatchObject([3, { job_id }])
      expect(asked.envelope?.warnings.filter((text) => text.startsWith("OUTPUT_SCHEMA"))).toEqual([])
      expect((await invoke(waybill, typed(String(cancel_command)), { env })).envelope?.data).toMatchObject({ job_id })
    }
  })

  it("says its id to any shell, whatever is in it", () => {
    fc.assert(
      fc.property(fc.array(wordsOfJob, { minLength: 1, maxLength: 40 }), (ids) => {
        const lines = ids.map((id) => jobCommands(id, { words: ["--root", "/a b"] }).status_command)
        const told = typed(["waybill", ...lines].join(" NEXT "))
        const wanted = ids.flatMap((id) => [
          "NEXT",
          "waybill",
          "job",
          "status",
          ...(id.startsWith("-") ? ["--root", "/a b", "--", id] : [id, "--root", "/a b"]),
        ])
        expect(told).toEqual(wanted)
        for (const id of ids)
          expect(
            typed(`waybill ${runIdFlag(id)}`)
              .join(" ")
              .endsWith(id),
          ).toBe(true)
      }),
      { numRuns: 3 },
    )
  })
})

describe("words that can be nobody's", () => {
  it.each([
    ["submit --type=a.b", "--job-id="],
    ["submit --type=a.b", "--job-id=a\u001b[2Jb"],
    ["explain", "a\u001b[2Jb"],
    ["settle --candidate=out --schema-id=t --verify=true --", ""],
    ["work --type=a.b --", ""],
  ])("%s %j is refused before anything is done", async (words, last) => {
    const at = makeRoot()
    const [name = "", ...flags] = words.split(" ")
    const { exit_code } = await invoke(waybill, [name, "--root", at, ...flags, last], { env })
    expect(exit_code).toBe(2)
  })
})
