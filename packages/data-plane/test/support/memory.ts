import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect } from "vitest"

export const mebibyte = 1_048_576
const growth_max = 64 * mebibyte
const program = fileURLToPath(new URL("wholeWay.ts", import.meta.url))

const digestOf = (bytes: number, fill: number): string => {
  const hash = createHash("sha256")
  const chunk = new Uint8Array(mebibyte).fill(fill)
  for (let done = 0; done < bytes; done += mebibyte) hash.update(chunk.subarray(0, Math.min(mebibyte, bytes - done)))
  return `sha256:${hash.digest("hex")}`
}

/** Takes so many bytes all the way in a process of its own, and compares what became of them and of its memory. */
export const expectConstantMemory = async (from: "a sparse file" | "memory", bytes: number): Promise<void> => {
  const root = fs.mkdtempSync(join(tmpdir(), "waybill-memory-"))
  try {
    const workspace = join(root, "workspaces", "large")
    fs.mkdirSync(workspace, { recursive: true })
    if (from === "a sparse file") {
      fs.writeFileSync(join(workspace, "sparse"), "")
      fs.truncateSync(join(workspace, "sparse"), bytes)
    }
    const args = from === "memory" ? [String(bytes)] : []
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--conditions=@waybill/source", "--disable-warning=ExperimentalWarning", program, root, "sparse", ...args],
      { encoding: "utf8" },
    )
    const { growth, ...said } = JSON.parse(stdout)
    console.log(
      `${(bytes / mebibyte).toFixed(0)} MiB of ${from}, all the way: ${(growth / mebibyte).toFixed(1)} MiB of memory more`,
    )
    expect(said).toEqual({ bytes, sha256: digestOf(bytes, from === "memory" ? 7 : 0) })
    expect(growth).toBeLessThan(growth_max)
  } finally {
    fs.rmSync(root, { recursive: true, force: true })
  }
}
