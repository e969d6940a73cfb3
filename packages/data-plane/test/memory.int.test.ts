import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, expect, it } from "vitest"

const root = mkdtempSync(join(tmpdir(), "waybill-memory-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const mebibyte = 1_048_576
const size = 300 * mebibyte
const growth_max = 64 * mebibyte

it.runIf(process.platform === "linux")(
  "300 MiB go all the way in less than 64 MiB of memory",
  () => {
    const workspace = join(root, "workspaces", "large")
    mkdirSync(workspace, { recursive: true })
    const file = join(workspace, "sparse")
    writeFileSync(file, "")
    truncateSync(file, size)
    const hash = createHash("sha256")
    for (let done = 0; done < size; done += mebibyte) hash.update(new Uint8Array(mebibyte))

    const program = fileURLToPath(new URL("support/wholeWay.ts", import.meta.url))
    const said = execFileSync(
      process.execPath,
      ["--conditions=@waybill/source", "--disable-warning=ExperimentalWarning", program, root, "sparse"],
      { encoding: "utf8" },
    )
    const { bytes, growth, sha256 } = JSON.parse(said)
    expect({ bytes, sha256 }).toEqual({ bytes: size, sha256: `sha256:${hash.digest("hex")}` })
    expect(growth).toBeLessThan(growth_max)
  },
  120_000,
)
