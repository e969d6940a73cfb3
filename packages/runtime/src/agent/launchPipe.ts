/**
 * What goes through a wrapper's standard input: a line that says what to run, and a line that says that it may begin.
 *
 * @module
 */
import { createInterface } from "node:readline"
import type { Readable } from "node:stream"
import type { Launch } from "./runFolder.ts"

const go_line = "go"

/** The first line. The input stays open behind it. */
export const encodeLaunch = (launch: Launch): Uint8Array => new TextEncoder().encode(`${JSON.stringify(launch)}\n`)

/** The second, and last. */
export const goBytes: Uint8Array = new TextEncoder().encode(`${go_line}\n`)

/**
 * Reads both. Rejects where the first line is no JSON: a runner that died while it was writing leaves half a launch, and
 * nothing runs. `go` is false once the input has ended without the second line, which it does when the runner dies.
 */
export const readLaunch = async (
  input: Readable,
): Promise<{ readonly launch: Launch; readonly go: Promise<boolean> }> => {
  const lines = createInterface({ input })[Symbol.asyncIterator]()
  const first = await lines.next()
  const launch: Launch = JSON.parse(first.done === true ? "" : first.value)
  return {
    launch,
    go: lines.next().then(
      ({ done, value }) => done !== true && value === go_line,
      () => false,
    ),
  }
}
