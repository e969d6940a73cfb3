/**
 * Programs of the user's, as they are named in words: agents, verifiers, workers.
 *
 * @module
 */
import { existsSync } from "node:fs"
import { resolve } from "node:path"

/** Program and arguments. */
export type Words = readonly [string, ...ReadonlyArray<string>]

/** A program with a slash is looked for from here, as a shell does, although it will run in the workspace. */
const fromHere = (program: string, cwd: string): string =>
  program.includes("/") && existsSync(resolve(cwd, program)) ? resolve(cwd, program) : program

/** The words behind `--` as a program to start. */
export const commandFrom = ([program = "", ...rest]: ReadonlyArray<string>, cwd: string): Words => [
  fromHere(program, cwd),
  ...rest,
]

/** One line of a shell, as it stands. */
export const shell = (line: string): Words => ["/bin/sh", "-c", line, "waybill"]

/** `NAME` passes a variable on, `NAME=VALUE` sets it. */
export const variables = (words: ReadonlyArray<string>, env: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(
    words.flatMap((word) => {
      const at = word.indexOf("=")
      const name = at < 0 ? word : word.slice(0, at)
      const value = at < 0 ? env[name] : word.slice(at + 1)
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
