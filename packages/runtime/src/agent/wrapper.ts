/**
 * The wrapper program: reads one launch from standard input and runs it. Started by the command agent, not by people.
 *
 * Exit codes: 0 the run has a receipt, belongs to another wrapper or was left alone because the runner is gone, 1 it went wrong
 * (said on standard error), 3 the lock could not be had, 4 there is no room for the run's records.
 *
 * @module
 */
import { readLaunch } from "./launchPipe.ts"
import { runWrapped } from "./runWrapped.ts"

const { go, launch } = await readLaunch(process.stdin)
const codes = { ran: 0, superseded: 0, withdrawn: 0, locked_out: 3, no_room: 4 } as const
process.exit(codes[await runWrapped(launch, go)])
