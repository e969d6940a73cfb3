/**
 * What lies in the folders of a root, and how much of it.
 *
 * @module
 */
import { lstatSync, readdirSync } from "node:fs"
import { join } from "node:path"

const isGone = (cause: unknown): boolean => cause instanceof Error && "code" in cause && cause.code === "ENOENT"

/** What was asked; `nothing` where there is nothing, or not any more. Whatever else is refused is thrown: it hides something. */
const unlessGone = <A>(ask: () => A, nothing: A): A => {
  try {
    return ask()
  } catch (cause) {
    if (isGone(cause)) return nothing
    throw cause
  }
}

/**
 * Bytes and files below a path; links are not followed, and what vanishes meanwhile counts as nothing.
 *
 * @throws the system's error where something may not be looked at
 */
export const sizeOf = (path: string): { readonly bytes: number; readonly files: number } => {
  const info = unlessGone(() => lstatSync(path), undefined)
  if (info === undefined) return { bytes: 0, files: 0 }
  if (!info.isDirectory()) return { bytes: info.size, files: 1 }
  return namesIn(path).reduce(
    (sum, name) => {
      const { bytes, files } = sizeOf(join(path, name))
      return { bytes: sum.bytes + bytes, files: sum.files + files }
    },
    { bytes: 0, files: 0 },
  )
}

/**
 * The names in a folder; none where there is no folder.
 *
 * @throws the system's error where it may not be looked at
 */
export const namesIn = (folder: string): ReadonlyArray<string> =>
  unlessGone<ReadonlyArray<string>>(() => readdirSync(folder).toSorted(), [])
