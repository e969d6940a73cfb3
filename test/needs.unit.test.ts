import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { it as effectIt } from "@effect/vitest"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { needs } from "./support/needs.ts"

const declared: Array<string> = []
const record = (name: string, body: () => void) => {
  declared.push(name)
  body()
}

let ran = false
needs("node")(record)("a tool that is there runs the test as it stands", () => {
  ran = true
})
needs("node")(it)("works with plain tests", () => expect(ran).toBe(true))
needs("node")(effectIt.effect)("works with tests that are effects", () =>
  Effect.sync(() => expect(declared).toEqual(["a tool that is there runs the test as it stands"])),
)

it("a missing tool skips the test and names both in one line", { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "waybill-needs-"))
  try {
    const file = join(folder, "sample.test.ts")
    writeFileSync(
      file,
      `import { describe, it } from "vitest"
       import { needs } from ${JSON.stringify(join(import.meta.dirname, "support/needs.ts"))}
       describe("a page", () => needs("no-such-tool")(it)("is drawn", () => { throw new Error("was run") }))`,
    )
    const report = join(folder, "report.json")
    const { stderr, stdout } = spawnSync(
      process.execPath,
      [
        join(import.meta.dirname, "../node_modules/vitest/vitest.mjs"),
        "run",
        "--root",
        folder,
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${report}`,
      ],
      { encoding: "utf8", env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "" } },
    )
    expect(readFileSync(report, "utf8")).toContain('"numPendingTests":1')
    expect(stdout).toContain("1 skipped")
    expect(stderr.split("\n")).toContain("SKIPPED a page > is drawn : needs no-such-tool")
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
