import { signal_codes } from "@waybill/command-contract"
import type { Application } from "./Application.ts"
import type { Host } from "./Host.ts"
import { nodeHost } from "./NodeHost.ts"
import { watchOutput } from "./Output.ts"
import { runner_variable } from "./RunnerNames.ts"

/**
 * Hears signals from now on. Those that come before anybody listens are handed to whoever does first. Once the answer is
 * being written one more signal is let pass, and the second ends a write that nobody reads.
 */
const holdSignals = (host: Host): Host => {
  const early: Array<"SIGTERM" | "SIGINT"> = []
  let late = 0
  let state: "early" | "heard" | "answering" = "early"
  host.onSignal((signal) => {
    if (state === "early") early.push(signal)
    else if (state === "answering" && ++late > 1) process.exit(signal_codes[signal])
  })
  return {
    ...host,
    onSignal: (listener) => {
      state = "heard"
      const stop = host.onSignal(listener)
      for (const signal of early.splice(0)) queueMicrotask(() => listener(signal))
      return () => {
        state = "answering"
        stop()
      }
    },
  }
}

/**
 * The program: reads the words, runs the command, writes the one answer, ends the process. Call it last in the entry
 * file, which is started a second time for the handler; what is heavy is best imported inside `execute`.
 *
 * @example
 * await main(application({ name: "greeter", version: "1.0.0", commands: [greet] }))
 */
export const main = async (app: Application): Promise<void> => {
  if (process.env[runner_variable] === "1" && process.send !== undefined) {
    // Programs that the handler starts are none of this.
    delete process.env[runner_variable]
    const { runAsRunner } = await import("./Runner.ts")
    return runAsRunner(app)
  }
  const bare = nodeHost()
  const [first, ...others] = bare.words
  if ((first === "--version" || first === "-V") && others.length === 0) {
    // Nothing else is loaded for this.
    const { exitCode, host } = watchOutput(bare)
    await host.stdout.write(`${app.name} ${app.version}\n`)
    process.exit(exitCode(0))
  }
  const host = holdSignals(bare)
  const { run } = await import("./Run.ts")
  process.exit(await run(app, host))
}
