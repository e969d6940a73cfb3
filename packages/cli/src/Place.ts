/**
 * Where a command works: the root, and the ledger that belongs to it.
 *
 * @module
 */
import { CommandError, lineAbout, shellWord } from "@waybill/command"
import type { Flag } from "@waybill/command-contract"
import { existsSync } from "node:fs"
import { dirname, isAbsolute, join, resolve } from "node:path"

/** The flags of every command that works on a ledger. */
export const place_flags = {
  root: {
    type: "string",
    value_name: "DIR",
    pattern_type: "filepath",
    description: "The project's folder; else the nearest one upwards that has .agents/daemon, else this one",
  },
  ledger: {
    type: "string",
    value_name: "URL",
    secret: true,
    description: "postgres://… in place of files; WAYBILL_LEDGER says the same",
  },
  "ledger-schema": {
    type: "string",
    value_name: "NAME",
    description: "Schema of that ledger, else waybill; WAYBILL_LEDGER_SCHEMA says the same",
  },
} as const satisfies Readonly<Record<string, Flag>>

/** The flags of commands that work on the files of a ledger. */
export const root_flags = { root: place_flags.root } as const

/** What a command must carry to find the same place again from elsewhere. */
export interface Addressed {
  readonly words: ReadonlyArray<string>
}

export interface Place extends Addressed {
  /** Absolute. */
  readonly root: string
  /** Where the ledger is, when it is not in files. May hold a password. */
  readonly url: string | undefined
  /** Its schema there; undefined: the usual one. */
  readonly schema: string | undefined
}

const ledgerFolder = (root: string): string => join(root, ".agents", "daemon")

const nearest = (from: string): string | undefined => {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(ledgerFolder(folder))) return folder
    if (dirname(folder) === folder) return undefined
  }
}

/** The folder in which the program was called. Throws `CommandError` where it was removed since. */
export const here = (): string => {
  try {
    return process.cwd()
  } catch (cause) {
    throw new CommandError({
      exit: "ARG_ERROR",
      code: "FOLDER_GONE",
      message: "The folder in which this was called is not there any more.",
      fix_required: "Change to a folder that is there, or give every path from / on, --root too.",
      cause,
    })
  }
}

/** A path as it was typed; one from / on needs no folder to begin in. */
export const fromHere = (path: string): string => (isAbsolute(path) ? resolve(path) : resolve(here(), path))

/** Finds the place. Nothing is made: a root that is not there yet is made by the first write. */
export const placeOf = (
  flags: {
    readonly root?: string | undefined
    readonly ledger?: string | undefined
    readonly "ledger-schema"?: string | undefined
  },
  env: Readonly<Record<string, string | undefined>>,
  cwd?: string,
): Place => {
  const { root: named } = flags
  const from = () => cwd ?? here()
  const root =
    named === undefined ? (nearest(from()) ?? from()) : isAbsolute(named) ? resolve(named) : resolve(from(), named)
  const variable = (name: string) => (env[name] === "" ? undefined : env[name])
  const url = flags.ledger ?? variable("WAYBILL_LEDGER")
  const schema = flags["ledger-schema"] ?? variable("WAYBILL_LEDGER_SCHEMA")
  return { root, url, schema, words: ["--root", root] }
}

/** The same, of arguments whose types nobody knows any more. */
export const placeIn = (
  args: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): Place => {
  const textIn = (name: string) => (typeof args[name] === "string" ? args[name] : undefined)
  return placeOf({ root: textIn("root"), ledger: textIn("ledger"), "ledger-schema": textIn("ledger-schema") }, env)
}

/** Where everything lies that is not the ledger: artifacts, agents' records, holds. */
export const ownFolder = ({ root }: Place): string => join(root, ".agents", "waybill")

/** A command that can be typed, or pasted, as it stands. */
export const commandLine = (place: Addressed, ...words: ReadonlyArray<string>): string =>
  ["waybill", ...words, ...place.words].map(shellWord).join(" ")

/** The same about one job or run, which it names exactly, whatever the id. */
export const commandAbout = (id: string, place: Addressed, ...words: ReadonlyArray<string>): string =>
  lineAbout(["waybill", ...words], id, place.words)

/** The flag that names a run, for a call that goes on with it. */
export const runIdFlag = (runId: string): string =>
  runId.startsWith("-") ? shellWord(`--run-id=${runId}`) : `--run-id ${shellWord(runId)}`
