/**
 * The files that a job's workspace begins with.
 *
 * @module
 */
import { CommandError } from "@waybill/command"
import { readRegularFile } from "@waybill/host"
import type { Seed } from "@waybill/runtime"
import { type Dirent, readdirSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { irregular } from "../refuseIrregular.ts"

/** Told of what went wrong beside the settlement. */
export type Warn = (code: string, text: string) => void

const files_max = 2_000
const bytes_max = 256 * 1024 * 1024
/** What is never part of a workspace: the record itself, and what can be had again. */
const left_out: ReadonlySet<string> = new Set([".agents", ".git", "node_modules"])

const refuse = (message: string, fix_required: string, cause?: unknown) =>
  new CommandError({ exit: "ARG_ERROR", code: "SEED_UNUSABLE", message, fix_required, cause })

const read = (option: string, path: string): Buffer => {
  try {
    return readRegularFile(path)
  } catch (cause) {
    const refused = irregular(option, cause)
    if (refused !== undefined) throw refused
    const why = cause instanceof Error ? cause.message : String(cause)
    throw refuse(`A seed cannot be read: ${why}`, "Name a file that is there and may be read.", cause)
  }
}

const names_shown = 5

const filesBelow = (folder: string, warn: Warn): ReadonlyArray<string> => {
  const others: Array<string> = []
  const found: Array<string> = []
  const walk = (at: string): void => {
    let entries: ReadonlyArray<Dirent>
    try {
      entries = readdirSync(at, { withFileTypes: true })
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw refuse(`--workspace: ${why}`, "Name a folder that is there and may be read.", cause)
    }
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(at, entry.name)
      if (entry.isDirectory() && !left_out.has(entry.name)) walk(path)
      else if (entry.isFile()) found.push(path)
      else if (!left_out.has(entry.name)) others.push(relative(folder, path))
      if (found.length > files_max)
        throw refuse(`--workspace ${folder} holds more than ${files_max} files.`, "Name single files with --seed.")
    }
  }
  walk(folder)
  if (others.length > 0) {
    const more = others.length > names_shown ? ` and ${others.length - names_shown} more` : ""
    const names = others.slice(0, names_shown).join(", ")
    warn("SEED_LEFT_OUT", `--workspace ${folder}: left out what is neither file nor folder: ${names}${more}`)
  }
  return found
}

/** Reads every seed. A file that `--seed` names takes the place of one that `--workspace` brings. */
export const readSeeds = (from: {
  readonly seeds: ReadonlyArray<string>
  readonly workspace: string | undefined
  readonly cwd: string
  readonly warn: Warn
}): ReadonlyArray<Seed> => {
  const { cwd, seeds, warn, workspace } = from
  const found = new Map<string, Buffer>()
  let bytes = 0
  const add = (path: string, content: Buffer): void => {
    bytes += content.byteLength
    if (bytes > bytes_max)
      throw refuse(`The seeds are larger than ${bytes_max} bytes.`, "Name fewer files, or let the agent fetch them.")
    found.set(path, content)
  }
  if (workspace !== undefined) {
    const folder = resolve(cwd, workspace)
    for (const path of filesBelow(folder, warn)) add(relative(folder, path), read("--workspace", path))
  }
  for (const word of seeds) {
    const at = word.lastIndexOf("=")
    add(word.slice(at + 1), read("--seed", resolve(cwd, word.slice(0, at))))
  }
  return [...found].map(([path, content]) => ({ path, content }))
}
