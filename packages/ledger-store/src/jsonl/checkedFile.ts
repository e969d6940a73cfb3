/**
 * Small files of JSON beside the ledger, each with its checksum, put in place whole.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import { Effect } from "effect"
import { crc32 } from "node:zlib"
import { readExactly } from "./readExactly.ts"
import { unlessMissing } from "./unlessMissing.ts"
import { unlessOdd } from "./unlessOdd.ts"

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, "0")

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
      const draft = yield* folder.openFile(`${name}.tmp`, { access: "write", create: "missing" })
      const text = `${JSON.stringify(value)}\n`
      yield* draft.truncate(0)
      yield* draft.write(new TextEncoder().encode(`${checksum(text)}\n${text}`), 0)
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
      // The checksum and its newline; both are of one byte each.
      const text = bytes.subarray(9).toString("utf8")
      return bytes.subarray(0, 9).toString("latin1") === `${checksum(text)}\n` ? text : undefined
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
