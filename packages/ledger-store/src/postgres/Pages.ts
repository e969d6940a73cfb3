/**
 * Rows as pages of records. What a row's line does not say is not there, and a line that cannot be read is reported.
 *
 * @module
 */
import { type CorruptRecord, decodeLine, type Page, type RecordedEvent } from "@waybill/ledger"
import { Result } from "effect"
import type { Row } from "./Database.ts"

export interface Pages {
  /** Which past the store speaks of; changes when the ledger is another or has lost its tail. */
  readonly generation: number
  /** Every damaged record that was met so far. */
  readonly corrupt: ReadonlyArray<CorruptRecord>
  /** The highest head that was seen so far; taken before a statement is sent, and handed in with its answer. */
  readonly mark: number
  /** Notes the head that a row tells and answers with it. */
  readonly notice: (row: Row, mark: number) => number
  /** @param covers what a page covers when its rows are all there are: its own last record, or the ledger's head */
  readonly page: (
    rows: ReadonlyArray<Row>,
    mark: number,
    covers: "last" | "head if all" | "head",
    limit: number,
  ) => Page
}

export const makePages = (): Pages => {
  const corrupt = new Map<number, CorruptRecord>()
  let generation = 0
  let ledgerId: string | undefined
  let highest = 0

  const notice = (row: Row, mark: number): number => {
    const head = Number(row["head"] ?? 0)
    const id = String(row["ledger_id"])
    // A backup was put back, or a standby took over that lacked the end: what was read before no longer holds. Answers may
    // overtake each other, so a head counts only against what was known when its statement was sent.
    if ((ledgerId !== undefined && ledgerId !== id) || head < mark) {
      generation++
      corrupt.clear()
      highest = head
    }
    ledgerId = id
    highest = Math.max(highest, head)
    return head
  }

  const eventOf = (row: Row): RecordedEvent | undefined => {
    const position = Number(row["position"])
    const decoded = decodeLine(String(row["line"]))
    if (Result.isSuccess(decoded)) return { ...decoded.success, position }
    corrupt.set(position, { position, line_number: position, error: decoded.failure.message })
    return undefined
  }

  return {
    get generation() {
      return generation
    },
    get corrupt() {
      return [...corrupt.values()].toSorted((a, b) => a.position - b.position)
    },
    get mark() {
      return highest
    },
    notice,
    page: (rows, mark, covers, limit) => {
      const head = rows[0] === undefined ? mark : notice(rows[0], mark)
      const records = rows.filter((row) => row["position"] !== null)
      const last = records.length === 0 ? head : Number(records.at(-1)?.["position"])
      const isAll = records.length < limit && records.length === Number(rows[0]?.["found"] ?? 0)
      const events = records.flatMap((row) => eventOf(row) ?? [])
      return { events, generation, covers: covers === "head" || (covers === "head if all" && isAll) ? head : last }
    },
  }
}
