import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import type { ResponseEnvelope } from "@waybill/command-contract"
import { publishedJsonSchema } from "@waybill/command-contract/wire"
import { findFamily } from "@waybill/host/process-tree"
import { Ajv2020 } from "ajv/dist/2020.js"
import { expect } from "vitest"
import { bundled } from "../../../../scripts/bundled.ts"

const isEnvelope = new Ajv2020({ strict: true }).compile(publishedJsonSchema("response-envelope"))

export interface Call {
  readonly exit_code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  /** From the start of the process to its end. */
  readonly elapsed_ms: number
}

export interface CallOptions {
  readonly program?: string
  readonly env?: Readonly<Record<string, string>>
  /** Told as soon as anything is on stderr or stdout; gets a way to signal the process. */
  readonly onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void
}

/** The file to start for a program of this folder. */
export const programOf = (name: string): Promise<string> => bundled(join(import.meta.dirname, name))

/** Starts a program of this folder and waits for its end. */
export const call = async (
  words: ReadonlyArray<string>,
  { env = {}, onOutput, program = "tool.ts" }: CallOptions = {},
) => {
  const file = await programOf(program)
  return new Promise<Call>((resolve, reject) => {
    const began_ms = performance.now()
    const child = spawn(process.execPath, [file, ...words], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NODE_ENV: "", CI: "", NO_COLOR: "", ...env },
    })
    let [stdout, stderr] = ["", ""]
    const heard = (chunk: unknown) => onOutput?.(String(chunk), (signal) => child.kill(signal))
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk
      heard(chunk)
    })
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk
      heard(chunk)
    })
    child.on("error", reject)
    child.on("close", (exit_code, signal) =>
      resolve({ exit_code, signal, stdout, stderr, elapsed_ms: performance.now() - began_ms }),
    )
  })
}

/** The one answer on stdout, which must be a line of JSON that keeps the published schema. */
export const envelopeIn = (stdout: string): ResponseEnvelope => {
  expect(stdout.endsWith("\n"), `stdout does not end with a newline: ${stdout.slice(-200)}`).toBe(true)
  expect(stdout.trimEnd().split("\n"), "stdout is not one line").toHaveLength(1)
  const envelope: ResponseEnvelope = JSON.parse(stdout)
  expect(isEnvelope(envelope), JSON.stringify(isEnvelope.errors)).toBe(true)
  return envelope
}

/** A variable that everything below a call inherits, and a look at who of them is alive. */
export const family = () => {
  const marker = { name: "WAYBILL_TEST_FAMILY", value: randomUUID() }
  return {
    env: { [marker.name]: marker.value },
    alive: () => findFamily({ marker }).map(({ pid }) => pid),
  }
}

/** Calls a program and reads its one answer; nothing of it may be left. */
export const ask = async (words: ReadonlyArray<string>, options: CallOptions = {}) => {
  const { alive, env } = family()
  const done = await call(words, { ...options, env: { ...env, ...options.env } })
  const envelope = envelopeIn(done.stdout)
  expect({ signal: done.signal, left: alive() }).toEqual({ signal: null, left: [] })
  expect(envelope.ok).toBe(done.exit_code === 0)
  return { ...done, envelope }
}
