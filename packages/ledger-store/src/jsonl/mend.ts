/**
 * The torn tail: what a crash in the middle of a write leaves behind the last record.
 *
 * @module
 */
import type { Directory, FileError, OpenFile } from "@waybill/host"
import { Effect } from "effect"
import { quarantine_name } from "./Layout.ts"
import { readLine } from "./LineReader.ts"
import { readExactly } from "./readExactly.ts"

/** Keeps a copy of bytes that are about to be cut, under the offset they stood at. An earlier copy stays what it is. */
const quarantine = (directory: Directory, offset: number, bytes: Uint8Array): Effect.Effect<void, FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = yield* directory.openDirectory(quarantine_name, { create: true })
      const at = `torn-at-${String(offset).padStart(15, "0")}`
      const earlier = (yield* folder.list).filter((name) => name === at || name.startsWith(`${at}-`))
      const name = earlier.length === 0 ? at : `${at}-${earlier.length + 1}`
      const copy = yield* folder.openFile(name, { access: "write", create: "exclusive" })
      yield* copy.write(bytes, 0)
      yield* copy.flush
      yield* folder.flush
    }),
  )

/**
 * Mends the tail behind `end`, the end of the last record. Under the append lock only, immediately before an append. Answers
 * whether anything was changed.
 *
 * A last line that is a whole event and lacks only its newline gets it. Anything else was never acknowledged: it is copied to
 * quarantine and cut.
 */
export const mend = (directory: Directory, file: OpenFile, end: number): Effect.Effect<boolean, FileError> =>
  Effect.gen(function* () {
    const { bytes } = yield* file.info
    // A file that ends before its records do has no tail; the next look at it tells what became of it.
    if (bytes <= end) return false
    const tail = yield* readExactly(file, end, bytes - end)
    const content = tail.includes(0x0a) ? { error: "incomplete batch" } : readLine(tail)
    const isWhole = !("error" in content) && content.batch === undefined
    if (isWhole) yield* file.write(new Uint8Array([0x0a]), bytes)
    else {
      yield* quarantine(directory, end, tail)
      yield* file.truncate(end)
    }
    yield* file.flush
    return true
  })
