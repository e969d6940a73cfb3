/**
 * A private file that is there whole or not at all: written beside its place, flushed, and then put there.
 *
 * @module
 */
import { FileError, type FileOperation } from "@waybill/host"
import { randomBytes } from "node:crypto"
import { link, lstat, mkdir, open, rename, stat, unlink } from "node:fs/promises"
import { dirname } from "node:path"

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "EUNKNOWN"

/** The system's refusal with the file that it is about: a descriptor's names none. */
const about = async <A>(operation: FileOperation, path: string, run: () => Promise<A>): Promise<A> => {
  try {
    return await run()
  } catch (cause) {
    throw cause instanceof FileError ? cause : new FileError({ operation, path, code: codeOf(cause), cause })
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  )

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

/** Makes a folder and what is missing of the way to it. Node's own never ends where no folder can be made, as below /proc. */
const makeFolder = async (path: string): Promise<void> => {
  if (await isFolder(path)) return
  const above = dirname(path)
  if (above !== path) await makeFolder(above)
  await about("make", path, () => mkdir(path, { mode: 0o700 })).catch(async (cause: unknown) => {
    if (!(await isFolder(path))) throw cause
  })
}

/** Writes beside, and has the whole file put in its place; nothing of it is left beside. */
const writeBeside = async <A>(path: string, text: string, put: (beside: string) => Promise<A>): Promise<A> => {
  const beside = `${path}.${randomBytes(6).toString("hex")}.tmp`
  const file = await about("open", beside, () => open(beside, "wx", 0o600))
  try {
    try {
      await about("write", path, () => file.writeFile(text))
      await about("flush", path, () => file.sync())
    } finally {
      await file.close()
    }
    return await put(beside)
  } finally {
    await unlink(beside).catch(() => undefined)
  }
}

/** Puts the file in the place of the one that is there: whoever reads sees one or the other. */
export const replaceFile = (path: string, text: string): Promise<void> =>
  writeBeside(path, text, (beside) => about("rename", path, () => rename(beside, path)))

/** Makes the file, and the folders to it, only where there is none; answers whether it was made. */
export const makeFile = async (path: string, text: string): Promise<boolean> => {
  if (await isThere(path)) return false
  await makeFolder(dirname(path))
  return writeBeside(path, text, (beside) =>
    about("link", path, () => link(beside, path)).then(
      () => true,
      (cause: unknown) => {
        if (codeOf(cause) === "EEXIST") return false
        throw cause
      },
    ),
  )
}
