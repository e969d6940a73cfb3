/**
 * What lies in the folders of a root, and how much of it.
 *
 * @module
 */
import { lstatSync, readdirSync } from "node:fs"
import { join } from "node:path"

/** Bytes and files below a path; links are not followed, and what vanishes meanwhile counts as nothing. */
export const sizeOf = (path: string): { readonly bytes: number; readonly files: number } => {
  try {
    const info = lstatSync(path)
    if (!info.isDirectory()) return { bytes: info.size, files: 1 }
    return readdirSync(path).reduce(
      (sum, name) => {
        const { bytes, files } = sizeOf(join(path, name))
        return { bytes: sum.bytes + bytes, files: sum.files + files }
      },
      { bytes: 0, files: 0 },
    )
  } catch {
    return { bytes: 0, files: 0 }
  }
}

/** The names in a folder; none where there is no folder. */
export const namesIn = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder).toSorted()
  } catch {
    return []
  }
}
