/**
 * Runs a program inside a test: no process, no terminal, words in and an answer out.
 *
 * @module
 */
import type { ResponseEnvelope } from "@waybill/command-contract"
import { type Application, type Command, application } from "./Application.ts"
import type { Host } from "./Host.ts"

export interface InvokeOptions {
  readonly env?: Readonly<Record<string, string>>
  /** What stdout pretends to be; a pipe when left out. */
  readonly terminal?: { readonly columns: number }
}

export interface Invoked {
  readonly exit_code: number
  readonly stdout: string
  readonly stderr: string
  /** stdout as an answer; undefined when it is something else. */
  readonly envelope: ResponseEnvelope | undefined
}

const asEnvelope = (text: string): ResponseEnvelope | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && "ok" in value && "meta" in value
      ? (value as ResponseEnvelope)
      : undefined
  } catch {
    return undefined
  }
}

/**
 * Calls a program as a shell would, with every handler in this process.
 *
 * @example
 * const { exit_code, envelope } = await invoke(app, ["greet", "Ada"])
 */
export const invoke = async (
  app: Application,
  words: ReadonlyArray<string>,
  { env = {}, terminal }: InvokeOptions = {},
): Promise<Invoked> => {
  const out: Array<Uint8Array> = []
  let stderr = ""
  const output = { isTTY: terminal !== undefined, columns: terminal?.columns ?? 80 }
  const take = async (chunk: string | Uint8Array) => {
    out.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk)
    return "written" as const
  }
  const host: Host = {
    words,
    env,
    stdout: {
      ...output,
      write: take,
      stream: take,
    },
    stderr: {
      ...output,
      write: (text) => {
        stderr += typeof text === "string" ? text : Buffer.from(text).toString("utf8")
      },
    },
    now_ms: Date.now,
    monotonic_ms: () => performance.now(),
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    onSignal: () => () => undefined,
    onAccident: () => () => undefined,
    after: (delay_ms, call) => {
      const timer = setTimeout(call, delay_ms)
      return () => clearTimeout(timer)
    },
    program: undefined,
  }
  const inline = (each: Command): Command => ({ ...each, declaration: { ...each.declaration, isolation: "inline" } })
  const { run } = await import("./Run.ts")
  const exit_code = await run(application({ ...app, isolation: "inline", commands: app.commands.map(inline) }), host)
  const stdout = Buffer.concat(out).toString("utf8")
  return { exit_code, stdout, stderr, envelope: asEnvelope(stdout) }
}
