/**
 * Small files of JSON beside the ledger, each with its checksum, put in place whole.
 *
 * @module
 */
import { type Directory, FileError } from "@waybill/host"
import { Effect } from "effect"
import { join } from "node:path"
import { crc32 } from "node:zlib"
import { readExactly } from "./readExactly.ts"
import { unlessMissing } from "./unlessMissing.ts"
import { unlessOdd } from "./unlessOdd.ts"

/** The checksum and its newline, of one byte each. */
const head_bytes = 9

const headOf = (text: Uint8Array): string => `${crc32(text).toString(16).padStart(8, "0")}\n`

/** The bytes of a file; `undefined` where the text is longer than one string can be. */
const bytesOf = (value: unknown): Buffer | undefined => {
  try {
    const bytes = Buffer.from(`${"0".repeat(head_bytes - 1)}\n${JSON.stringify(value)}\n`)
    bytes.write(headOf(bytes.subarray(head_bytes)), "latin1")
    return bytes
  } catch (cause) {
    if (cause instanceof RangeError) return undefined
    throw cause
  }
}

/** Writes a draft, flushes it and gives it the name. */
export const writeChecked = (
  directory: Directory,
  folderName: string,
  name: string,
  value: unknown,
): Effect.Effect<void, FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = yield* directory.openDirectory(folderName, { create: true })
      const bytes = bytesOf(value)
      if (bytes === undefined)
        return yield* new FileError({ operation: "write", path: join(folder.path, name), code: "EFBIG" })
      const draft = yield* folder.openFile(`${name}.tmp`, { access: "write", create: "missing" })
      yield* draft.truncate(0)
      yield* draft.write(bytes, 0)
      yield* draft.flush
      yield* folder.rename(`${name}.tmp`, name)
      yield* folder.flush
    }),
  )

/** The text that was written; `undefined` where there is no such file, or one that is not what was written. */
export const readCheckedText = (
  directory: Directory,
  folderName: string,
  name: string,
): Effect.Effect<string | undefined, FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = yield* directory.openDirectory(folderName)
      const file = yield* folder.openFile(name, { access: "read" })
      const bytes = Buffer.from(yield* readExactly(file, 0, (yield* file.info).bytes))
      const text = bytes.subarray(head_bytes)
      return bytes.subarray(0, head_bytes).toString("latin1") === headOf(text) ? text.toString("utf8") : undefined
    }),
  ).pipe(unlessMissing, unlessOdd)

/** What was written; `undefined` where there is no such file, or one that is not what was written. */
export const readChecked = (
  directory: Directory,
  folderName: string,
  name: string,
): Effect.Effect<unknown, FileError> =>
  Effect.map(readCheckedText(directory, folderName, name), (text) =>
    text === undefined ? undefined : (JSON.parse(text) as unknown),
  )
