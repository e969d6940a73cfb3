/**
 * The verifier: checks a bill of materials against the lock file it claims to describe.
 *
 *     node verify.ts LOCKFILE ARTIFACT
 *
 * Prints one JSON object with the checks. Exit codes: 0 accepted, 1 rejected, 2 it could not check.
 */
import { Result } from "effect"
import { readFileSync } from "node:fs"
import { readLock } from "./bom/lockfile.ts"
import { verifyBom } from "./bom/verification.ts"

const [lockPath, artifactPath] = process.argv.slice(2)
if (lockPath === undefined || artifactPath === undefined) {
  console.error("verify: usage: node verify.ts LOCKFILE ARTIFACT")
  process.exit(2)
}
try {
  const lock = readLock(readFileSync(lockPath))
  if (Result.isFailure(lock)) throw lock.failure
  const checks = await verifyBom(lock.success, readFileSync(artifactPath))
  const failed = checks.filter(({ status }) => status === "failed").map(({ name }) => name)
  const summary = failed.length === 0 ? "every check passed" : `failed: ${failed.join(", ")}`
  console.log(JSON.stringify({ checks, summary }))
  process.exitCode = failed.length === 0 ? 0 : 1
} catch (cause) {
  console.error(`verify: ${cause instanceof Error ? cause.message : String(cause)}`)
  process.exitCode = 2
}
