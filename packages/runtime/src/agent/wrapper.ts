/**
 * The wrapper program: reads one launch from standard input and runs it. Started by the command agent, not by people.
 *
 * Exit codes: 0 the run has a receipt or belongs to another wrapper, 1 it went wrong (said on standard error), 3 the lock
 * could not be had.
 *
 * @module
 */
import { text } from "node:stream/consumers"
import type { Launch } from "./runFolder.ts"
import { runWrapped } from "./runWrapped.ts"

// A runner that died while it was writing leaves half a launch: that is no JSON, and nothing runs.
const launch: Launch = JSON.parse(await text(process.stdin))
const result = await runWrapped(launch)
process.exit(result === "locked_out" ? 3 : 0)
