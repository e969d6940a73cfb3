/**
 * Small files of JSON beside the ledger, each with its checksum, put in place whole.
 *
 * @module
 */
import { type Directory, FileError, type OpenFile } from "@waybill/host"
import { Effect } from "effect"
import { join } from "node:path"
import { StringDecoder } from "node:string_decoder"
import { crc32 } from "node:zlib"
import { readExactly } from "./readExactly.ts"
import { unlessMissing } from "./unlessMissing.ts"
import { unlessOdd } from "./unlessOdd.ts"

/** The checksum and its newline, of one byte each. */
const head_bytes = 9
/** How much is read at once. */
const chunk_bytes = 1_048_576

const headOf = (crc: number): string => `${crc.toString(16).padStart(8, "0")}\n`
const draftOf = (name: string): string => `${name}.tmp`

/** Writes the draft of a file, flushed; what bears the name stays as it is. No more than one piece is held at a time. */
export const writeDraft = (
  directory: Directory,
  folderName: string,
  name: string,
  pieces: Iterable<string>,
): Effect.Effect<void, FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = yield* directory.openDirectory(folderName, { create: true })
      const draft = yield* folder.openFile(draftOf(name), { access: "write", create: "missing" })
      yield* draft.truncate(0)
      let crc = 0
      let offset = head_bytes
      for (const piece of pieces) {
        const bytes = Buffer.from(piece)
        crc = crc32(bytes, crc)
        yield* draft.write(bytes, offset)
        offset += bytes.byteLength
      }
      yield* draft.write(Buffer.from(headOf(crc), "latin1"), 0)
      yield* draft.flush
    }),
  )

/** Gives the draft the name. */
export const placeDraft = (directory: Directory, folderName: string, name: string): Effect.Effect<void, FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = yield* directory.openDirectory(folderName)
      yield* folder.rename(draftOf(name), name)
      yield* folder.flush
    }),
  )

/** Writes a value that fits into one text. */
export const writeChecked = (
  directory: Directory,
  folderName: string,
  name: string,
  value: unknown,
): Effect.Effect<void, FileError> =>
  Effect.gen(function* () {
    const text = yield* Effect.try({
      try: () => `${JSON.stringify(value)}\n`,
      // The text is longer than one string can be.
      catch: (cause) =>
        new FileError({ operation: "write", path: join(directory.path, folderName, name), code: "EFBIG", cause }),
    })
    yield* writeDraft(directory, folderName, name, [text])
    yield* placeDraft(directory, folderName, name)
  })

/** The file's text, chunk by chunk. Answers whether it is what was written, which is known at its end. */
const readTo = (file: OpenFile, take: (chunk: Uint8Array) => void): Effect.Effect<boolean, FileError> =>
  Effect.gen(function* () {
    const { bytes } = yield* file.info
    const head = Buffer.from(yield* readExactly(file, 0, head_bytes)).toString("latin1")
    let crc = 0
    for (let offset = head_bytes; offset < bytes; offset += chunk_bytes) {
      const chunk = yield* readExactly(file, offset, Math.min(chunk_bytes, bytes - offset))
      crc = crc32(chunk, crc)
      take(chunk)
    }
    return head === headOf(crc)
  })

const opened = <A>(
  directory: Directory,
  folderName: string,
  name: string,
  read: (file: OpenFile) => Effect.Effect<A, FileError>,
): Effect.Effect<A | undefined, FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = yield* directory.openDirectory(folderName)
      return yield* read(yield* folder.openFile(name, { access: "read" }))
    }),
  ).pipe(unlessMissing, unlessOdd)

/** Takes the text that was written, piece by piece. Answers whether there was such a file, and it is what was written. */
export const readPieces = (
  directory: Directory,
  folderName: string,
  name: string,
  take: (piece: string) => void,
): Effect.Effect<boolean, FileError> =>
  opened(directory, folderName, name, (file) => {
    const decoder = new StringDecoder("utf8")
    return readTo(file, (chunk) => take(decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))))
  }).pipe(Effect.map((isSound) => isSound === true))

/** The text that was written; `undefined` where there is no such file, or one that is not what was written. */
export const readCheckedText = (
  directory: Directory,
  folderName: string,
  name: string,
): Effect.Effect<string | undefined, FileError> =>
  opened(directory, folderName, name, (file) =>
    Effect.gen(function* () {
      const bytes = Buffer.from(yield* readExactly(file, 0, (yield* file.info).bytes))
      const text = bytes.subarray(head_bytes)
      return bytes.toString("latin1", 0, head_bytes) === headOf(crc32(text)) ? text.toString("utf8") : undefined
    }),
  )

/** What was written; `undefined` where there is no such file, or one that is not what was written. */
export const readChecked = (
  directory: Directory,
  folderName: string,
  name: string,
): Effect.Effect<unknown, FileError> =>
  Effect.map(readCheckedText(directory, folderName, name), (text) =>
    text === undefined ? undefined : (JSON.parse(text) as unknown),
  )

/** Whether the file is there, and what was written. */
export const isChecked = (directory: Directory, folderName: string, name: string): Effect.Effect<boolean, FileError> =>
  readPieces(directory, folderName, name, () => {})
