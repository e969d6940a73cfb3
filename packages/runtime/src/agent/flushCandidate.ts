/**
 * The agent's work made durable, before a receipt says that it is there.
 *
 * What lies in the workspace is the agent's, and so is what may be exchanged while we look: nothing is opened behind a link, and
 * nothing whose opening waits for somebody.
 *
 * @module
 */
import { closeSync, constants, fstatSync, fsyncSync, lstatSync, openSync } from "node:fs"
import { join } from "node:path"
import { codeOf } from "./runFolder.ts"

const careful = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** A name in an opened folder. Where there is no such path to it (macOS), the folder's own, which may have been exchanged. */
const within = (folder: number, path: string, name: string): string =>
  process.platform === "linux" ? `/proc/self/fd/${folder}/${name}` : join(path, name)

/** No candidate, or none that can be a file: whoever collects it says so with the right words. */
const noFile = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EACCES", "ENXIO", "EINVAL", "ENODEV"])

/**
 * Flushes the file at `segments` below `workspace`, and its directory entry.
 *
 * @param workspace its own path, with no link in it
 * @returns false where there is no regular file without a link on the way to it; nothing is flushed then
 * @throws what the system refuses, such as ENOSPC
 */
export const flushCandidate = (workspace: string, segments: ReadonlyArray<string>): boolean => {
  const opened: Array<number> = []
  const open = (path: string, flags: number): number => {
    const descriptor = openSync(path, careful | flags)
    opened.push(descriptor)
    return descriptor
  }
  try {
    let path = workspace
    let folder = open(workspace, constants.O_DIRECTORY)
    for (const name of segments.slice(0, -1)) {
      folder = open(within(folder, path, name), constants.O_DIRECTORY)
      path = join(path, name)
    }
    const name = within(folder, path, segments.at(-1) ?? ".")
    // Opening a device can have effects of its own, so it is not even tried.
    if (!lstatSync(name).isFile()) return false
    const file = open(name, 0)
    if (!fstatSync(file).isFile()) return false
    fsyncSync(file)
    fsyncSync(folder)
    return true
  } catch (cause) {
    if (noFile.has(codeOf(cause) ?? "")) return false
    throw cause
  } finally {
    for (const descriptor of opened) closeSync(descriptor)
  }
}
