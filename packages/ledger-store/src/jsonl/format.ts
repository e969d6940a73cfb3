/**
 * The mark of the folder's format. Written once the whole past is sealed; before that there is nothing that an older
 * version would not understand.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import { StoreRefused } from "@waybill/ledger"
import { Effect } from "effect"
import { crc32 } from "node:zlib"
import { format_name, format_version, seals_name } from "./Layout.ts"
import { readExactly } from "./readExactly.ts"
import { unlessOdd } from "./unlessOdd.ts"

const textOf = (format: number): string => {
  const said = `"format":${format},"by":"waybill"`
  return `{${said},"crc32":"${crc32(said).toString(16).padStart(8, "0")}"}\n`
}

/** Whatever a later version adds to the mark, its number and its checksum stay where they are. */
const decodeFormat = (text: string): number | "damaged" => {
  const [, said, checksum] = /^\{("format":\d{1,9}.*),"crc32":"([\da-f]{8})"\}\n$/u.exec(text) ?? []
  if (said === undefined || crc32(said).toString(16).padStart(8, "0") !== checksum) return "damaged"
  return Number(/\d+/u.exec(said)?.[0])
}

/** What a mark says: a format, `damaged`, or `undefined` where there is none. */
export const readFormat = (directory: Directory): Effect.Effect<number | "damaged" | undefined, FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = yield* directory.openDirectory(seals_name)
      const file = yield* unlessOdd(folder.openFile(format_name, { access: "read" }))
      if (file === undefined) return "damaged"
      const text = Buffer.from(yield* readExactly(file, 0, 256)).toString("utf8")
      return decodeFormat(text)
    }),
  ).pipe(Effect.catch((error) => (error.code === "ENOENT" ? Effect.succeed(undefined) : Effect.fail(error))))

/** Fails where a later version has written. */
export const refuseNewer = (directory: Directory, where: string): Effect.Effect<void, FileError | StoreRefused> =>
  Effect.flatMap(readFormat(directory), (format) =>
    typeof format === "number" && format > format_version
      ? Effect.fail(
          new StoreRefused({
            where,
            reason: `it was written by a newer Waybill (format ${format}; this one knows up to ${format_version}); use that version or a later one`,
          }),
        )
      : Effect.void,
  )

/** Puts the mark in place, durable. */
export const writeFormat = (seals: Directory): Effect.Effect<void, FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const draft = yield* seals.openFile(`${format_name}.tmp`, { access: "write", create: "missing" })
      yield* draft.truncate(0)
      yield* draft.write(new TextEncoder().encode(textOf(format_version)), 0)
      yield* draft.flush
      yield* seals.rename(`${format_name}.tmp`, format_name)
      yield* seals.flush
    }),
  )
