/**
 * Files that somebody else names: a pipe or a device in the place of one would be waited for, for ever, and no signal ends that.
 *
 * @module
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs"

/** Something else than a file is there: a folder, a pipe, a socket or a device. */
export class NotRegularFile extends Error {
  override readonly name = "NotRegularFile"
  readonly path: string

  constructor(path: string, cause?: unknown) {
    super(`${path} is not a regular file`, { cause })
    this.path = path
  }
}

const isRefused = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && (cause.code === "ENXIO" || cause.code === "ENODEV")

/**
 * Opens a file for reading, behind links too, and never waits for another end. The descriptor is the caller's to close.
 *
 * @throws NotRegularFile, or the system's error where it cannot be opened
 */
export const openRegularFile = (path: string): number => {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw isRefused(cause) ? new NotRegularFile(path, cause) : cause
  }
  if (fstatSync(descriptor).isFile()) return descriptor
  closeSync(descriptor)
  throw new NotRegularFile(path)
}

/**
 * The whole of a file, behind links too.
 *
 * @throws NotRegularFile, or the system's error where it cannot be read
 */
export const readRegularFile = (path: string): Buffer => {
  const descriptor = openRegularFile(path)
  try {
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
