/**
 * Lines of a file that are read anew, because not all of its rows hold: those that do still tell whether a line is the one that
 * was sealed.
 *
 * @module
 */
import { crc32 } from "node:zlib"
import { incomplete_batch, type Line, readLine } from "./LineReader.ts"
import { changed } from "./Records.ts"
import { Flag, type Rows } from "./Rows.ts"

const newline = new Uint8Array([0x0a])

/** Whether the bytes are those of the row; `undefined` where nothing tells. `at` is the row before, or -1 for none. */
const holds = (rows: Rows, at: number, { bytes, offset, raw }: Line): boolean | undefined => {
  if (at + 1 >= rows.count || !rows.areSound(at + 1, at + 2)) return undefined
  if (at >= 0 && !rows.areSound(at, at + 1)) return undefined
  const start = at < 0 ? 0 : rows.end(at)
  const isInPlace = rows.offset(at + 1) === offset && rows.bytes(at + 1) === bytes && start === offset
  if (!isInPlace || raw.byteLength !== bytes) return undefined
  const own = crc32(raw, at < 0 ? 0 : rows.crc(at))
  return (rows.is(at + 1, Flag.partial) ? own : crc32(newline, own)) === rows.crc(at + 1)
}

/**
 * The lines as far as rows tell: one whose bytes have changed is damaged, and one of a batch that is no longer whole is an
 * event still. `rows` are those of the records before the first line (unless that is the file's first) and of the lines.
 */
export const heldAgainstRows = (lines: ReadonlyArray<Line>, rows: Rows, isFirst: boolean): ReadonlyArray<Line> =>
  lines.map((line, i) => {
    const at = isFirst ? i - 1 : i
    const isSame = holds(rows, at, line)
    if (isSame === false && !("error" in line.content)) return { ...line, content: { error: changed } }
    const isOfBatch = "error" in line.content && line.content.error === incomplete_batch
    if (isSame !== true || !isOfBatch || !rows.is(at + 1, Flag.readable)) return line
    return { ...line, content: readLine(line.raw) }
  })
