/**
 * A server that is killed and started again by a command of its author's.
 *
 * @module
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { makeClient } from "./Client.ts"
import type { Target } from "./Target.ts"

/** The command ended with a failure, or the server did not answer afterwards. */
export class CannotRestart extends Error {
  override readonly name = "CannotRestart"
  /** Where it went wrong: a server that is not killed says nothing, one that does not start again has lost its ledger. */
  readonly step: "kill" | "start"
  constructor(message: string, step: "kill" | "start") {
    super(message)
    this.step = step
  }
}

const step_ms_max = 30_000
const poll_ms = 50

const run = async (command: string, step: "kill" | "start"): Promise<void> => {
  // What a command starts may go on after it; only its own end is waited for.
  const child = spawn(command, {
    shell: true,
    stdio: "ignore",
    env: { ...process.env, CONFORMANCE_STEP: step },
    signal: AbortSignal.timeout(step_ms_max),
  })
  const [code] = (await once(child, "exit")) as [number | null]
  if (code !== 0)
    throw new CannotRestart(`the restart command ended with ${code} at the step "${step}": ${command}`, step)
}

/**
 * Makes a restart of a shell's command. It is run twice, with `CONFORMANCE_STEP=kill` (kill the server with
 * SIGKILL) and then with `CONFORMANCE_STEP=start` (start it in the background, on the same ledger and address). After the first the
 * address must no longer answer.
 *
 * @throws {CannotRestart} when it fails, or nothing answers at the address within 30 s
 */
export const restartBy =
  (command: string, url: string): NonNullable<Target["restart"]> =>
  async (meanwhile) => {
    await run(command, "kill")
    await meanwhile?.()
    await run(command, "start")
    const { ask } = makeClient(() => url, undefined)
    const until = performance.now() + step_ms_max
    for (;;) {
      const status = await ask("/v1/health", { deadline_ms: 1_000 }).then(
        (answer) => answer.status,
        () => 0,
      )
      if (status === 200) return { url }
      if (performance.now() > until) throw new CannotRestart(`${url} does not answer after "${command}"`, "start")
      await new Promise((resolve) => void setTimeout(resolve, poll_ms))
    }
  }
