/**
 * What the server says of itself: one JSON object per line.
 *
 * @module
 */
import { formatTime, type Json } from "@waybill/ledger"

export type Level = "info" | "warn" | "error"

export type Log = (level: Level, message: string, fields?: Readonly<Record<string, Json>>) => void

/** Writes lines such as `{"at":"2026-04-28T12:00:00Z","level":"info","message":"stopped"}`. */
export const makeLog =
  (write: (line: string) => void, now_ms: () => number): Log =>
  (level, message, fields = {}) =>
    write(`${JSON.stringify({ at: formatTime(now_ms()), level, message, ...fields })}\n`)

export const noLog: Log = () => undefined
