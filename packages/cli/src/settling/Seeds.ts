/**
 * The files that a job's workspace begins with.
 *
 * @module
 */
import { CommandError } from "@waybill/command"
import type { Seed } from "@waybill/runtime"
import { type Dirent, readdirSync, readFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"

const files_max = 2_000
const bytes_max = 256 * 1024 * 1024
/** What is never part of a workspace: the record itself, and what can be had again. */
const left_out: ReadonlySet<string> = new Set([".agents", ".git", "node_modules"])

const refuse = (message: string, fix_required: string, cause?: unknown) =>
  new CommandError({ exit: "ARG_ERROR", code: "SEED_UNUSABLE", message, fix_required, cause })

const read = (path: string): Buffer => {
  try {
    return readFileSync(path)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw refuse(`A seed cannot be read: ${why}`, "Name a file that is there and may be read.", cause)
  }
}

const filesBelow = (folder: string): ReadonlyArray<string> => {
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
      if (found.length > files_max)
        throw refuse(`--workspace ${folder} holds more than ${files_max} files.`, "Name single files with --seed.")
    }
  }
  walk(folder)
  return found
}

/** Reads every seed. A file that `--seed` names takes the place of one that `--workspace` brings. */
export const readSeeds = (from: {
  readonly seeds: ReadonlyArray<string>
  readonly workspace: string | undefined
  readonly cwd: string
}): ReadonlyArray<Seed> => {
  const { cwd, seeds, workspace } = from
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
    for (const path of filesBelow(folder)) add(relative(folder, path), read(path))
  }
  for (const word of seeds) {
    const at = word.lastIndexOf("=")
    add(word.slice(at + 1), read(resolve(cwd, word.slice(0, at))))
  }
  return [...found].map(([path, content]) => ({ path, content }))
}
