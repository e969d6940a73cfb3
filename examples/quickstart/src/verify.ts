/**
 * The verifier: is this bill of materials the one of this lock file?
 *
 *     node verify.ts <lock file> <artifact>
 *
 * The artifact may be left out when WAYBILL_ARTIFACT names it. stdout is one JSON object
 * `{ "checks": [{ "name", "status", "message"? }], "summary" }`.
 * Exit code 0: accepted; 1: rejected; 2: could not check, with the reason on stderr and as the summary.
 */
import { argv, env } from "node:process"

const usage = "Usage: node verify.ts <lock file> <artifact>, or with WAYBILL_ARTIFACT in place of <artifact>"

const verify = async (): Promise<{
  readonly accepted: boolean
  readonly checks: unknown
  readonly summary: string
}> => {
  const [lockPath, artifactPath = env["WAYBILL_ARTIFACT"], ...more] = argv.slice(2)
  if (lockPath === undefined || artifactPath === undefined || artifactPath === "" || more.length > 0) {
    throw new Error(usage)
  }
  const { verifyFiles } = await import("./bom/verify-files.ts")
  return verifyFiles(lockPath, artifactPath)
}

// Node ends with 1 on an uncaught error and on a module that is not installed; here 1 is a verdict. So everything
// that can go wrong, loading included, happens inside this try.
try {
  const { accepted, ...verdict } = await verify()
  process.stdout.write(`${JSON.stringify(verdict)}\n`)
  process.exitCode = accepted ? 0 : 1
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error)
  process.stderr.write(`Could not check: ${reason}\n`)
  process.stdout.write(`${JSON.stringify({ checks: [], summary: `Could not check: ${reason}` })}\n`)
  process.exitCode = 2
}
