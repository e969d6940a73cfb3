import { open, readFile } from "node:fs/promises"
import { Result } from "effect"
import { type Check, checkBom, checkNames } from "./checks.ts"
import { readLock } from "./lockfile.ts"

/** Far above any bill of materials, far below what would exhaust the memory of the verifier. */
export const artifactBytes_max = 64 * 1024 * 1024

const readArtifact = async (path: string): Promise<Uint8Array | "too large"> => {
  await using file = await open(path, "r")
  return (await file.stat()).size > artifactBytes_max ? "too large" : await file.readFile()
}

const tooLarge: ReadonlyArray<Check> = checkNames.map((name) => ({
  name,
  status: "failed",
  message: `${name === "json" ? "" : "Not checked: "}the artifact is larger than ${artifactBytes_max} bytes`,
}))

/**
 * Checks the BOM at `artifactPath` against the lock at `lockPath`.
 *
 * Rejects when either file cannot be read or the lock is none; a bad artifact is a verdict, not an error.
 */
export const verifyFiles = async (
  lockPath: string,
  artifactPath: string,
): Promise<{ readonly accepted: boolean; readonly checks: ReadonlyArray<Check>; readonly summary: string }> => {
  const lock = Result.getOrThrow(readLock(await readFile(lockPath)))
  const artifact = await readArtifact(artifactPath)
  const checks = artifact === "too large" ? tooLarge : await checkBom(lock, artifact)
  const failures = checks.filter(({ status }) => status === "failed").map(({ name }) => name)
  return {
    accepted: failures.length === 0,
    checks,
    summary:
      failures.length === 0
        ? `Accepted: the BOM names all ${lock.packages.length} packages of the lock file`
        : `Rejected by ${failures.length} of ${checks.length} checks: ${failures.join(", ")}`,
  }
}
