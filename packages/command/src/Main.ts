import { signal_codes } from "@waybill/command-contract"
import type { Application } from "./Application.ts"
import type { Host } from "./Host.ts"
import { nodeHost } from "./NodeHost.ts"
import { watchOutput } from "./Output.ts"
import { runner_variable } from "./RunnerNames.ts"

/** How long an answer may wait for its reader once somebody wants the program to end, and once they insist. */
const reader_ms_max = 1_000
const insisted_ms_max = 100

/**
 * Hears signals from now on. Those that come before anybody listens are handed to whoever does first. An answer that its reader
 * does not take must not outlive the wish to end: whenever a signal comes, the answer has a second to be taken from when
 * it is being written, and next to nothing after the second signal.
 */
const holdSignals = (host: Host): Host => {
  const early: Array<"SIGTERM" | "SIGINT"> = []
  const heard: Array<"SIGTERM" | "SIGINT"> = []
  let state: "early" | "heard" | "answering" = "early"
  const { stdout } = host
  const limitAnswer = () => {
    const last = heard.at(-1)
    if (last === undefined) return
    const limit_ms = heard.length > 1 ? insisted_ms_max : reader_ms_max
    host.after(limit_ms, () => process.exit(signal_codes[last]))
  }
  const answering = () => {
    state = "answering"
    limitAnswer()
  }
  host.onSignal((signal) => {
    heard.push(signal)
    if (state === "early") early.push(signal)
    if (state === "answering") limitAnswer()
  })
  return {
    ...host,
    onSignal: (listener) => {
      state = "heard"
      const stop = host.onSignal(listener)
      for (const signal of early.splice(0)) queueMicrotask(() => listener(signal))
      return () => {
        stop()
        answering()
      }
    },
    stdout: {
      get isTTY() {
        return stdout.isTTY
      },
      get columns() {
        return stdout.columns
      },
      write: (chunk) => {
        // Help and the manifest are written without a run, so nobody else would hear.
        if (state === "early") answering()
        return stdout.write(chunk)
      },
      stream: stdout.stream,
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
