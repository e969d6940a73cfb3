/**
 * What a list command says about the items that it did not return, and cursors that callers cannot forge by accident.
 *
 * @module
 */
import type { Pagination } from "@waybill/command-contract"
import { CommandError } from "./CommandError.ts"

export interface PageFacts {
  readonly total?: number | null
  readonly next_cursor?: string | null
}

const itemsOf = (data: object): ReadonlyArray<unknown> => {
  if (Array.isArray(data)) return data
  const found: unknown = Object.values(data).find((value) => Array.isArray(value))
  return Array.isArray(found) ? found : []
}

/** The facts of a page, counted from its data: the data itself, or its first member that is a list. */
export const pageFacts = (data: object, { next_cursor = null, total = null }: PageFacts): Pagination => {
  const returned = itemsOf(data).length
  const has_more = next_cursor !== null
  return { total, returned, truncated: has_more || (total !== null && returned < total), has_more, next_cursor }
}

/** An opaque cursor that is safe in a URL and on a command line. */
export const encodeCursor = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

/**
 * Reads a cursor back.
 *
 * @throws CommandError INVALID_CURSOR, exit 2, for a text that `encodeCursor` did not make
 */
export const decodeCursor = (text: string): unknown => {
  try {
    if (!/^[A-Za-z0-9_-]+$/.test(text)) throw new Error("not base64url")
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8"))
  } catch (cause) {
    throw new CommandError({
      exit: "ARG_ERROR",
      code: "INVALID_CURSOR",
      message: "The cursor was not made by this command.",
      fix_required: "Pass meta.pagination.next_cursor of the answer before, or leave --cursor out.",
      cause,
    })
  }
}
