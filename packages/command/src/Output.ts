/**
 * What becomes of stdout, over a whole call: an answer that is not out whole is a failure, whatever the command did.
 *
 * @module
 */
import { exit_codes } from "@waybill/command-contract"
import type { Host, WriteFault, Written } from "./Host.ts"

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: "Make room on the disk, or write elsewhere",
  EDQUOT: "Make room in your quota, or write elsewhere",
  EFBIG: "Raise the limit on the size of files (ulimit -f), or write elsewhere",
}

const lineOf = ({ code, message }: WriteFault, written_bytes: number): string => {
  const remedy = remedies[code] ?? "Write elsewhere"
  const lost = `stdout could not be written (${message}): only its first ${written_bytes} bytes are out.`
  return `error: ${lost} ${remedy}; the command itself may have done its work. [OUTPUT_FAILED]\n`
}

export interface WatchedOutput {
  readonly host: Host
  /** The exit code of the call: a success that nobody can read in full is none. */
  readonly exitCode: (outcome: number) => number
}

/**
 * Watches what is written to stdout. The first write that fails is told on stderr, and nothing is written behind the
 * hole that it left. A reader that leaves is no fault.
 */
export const watchOutput = (host: Host): WatchedOutput => {
  let written_bytes = 0
  let fault: WriteFault | undefined
  const isQuiet = host.words
    .slice(0, host.words.includes("--") ? host.words.indexOf("--") : undefined)
    .includes("--quiet")
  const watched =
    <Chunk extends string | Uint8Array>(write: (chunk: Chunk) => Promise<Written>) =>
    async (chunk: Chunk): Promise<Written> => {
      if (fault !== undefined) return fault
      const result = await write(chunk)
      if (result === "written") written_bytes += Buffer.byteLength(chunk)
      else if (result !== "closed" && fault === undefined) {
        fault = result
        written_bytes += result.written_bytes
        if (!isQuiet) host.stderr.write(lineOf(result, written_bytes))
      }
      return result
    }
  const { stdout } = host
  return {
    host: {
      ...host,
      stdout: {
        get isTTY() {
          return stdout.isTTY
        },
        get columns() {
          return stdout.columns
        },
        write: watched(stdout.write),
        stream: watched(stdout.stream),
      },
    },
    exitCode: (outcome) => (fault === undefined || outcome !== 0 ? outcome : exit_codes.GENERAL_ERROR),
  }
}
