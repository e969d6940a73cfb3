/**
 * Reading a ledger page by page.
 *
 * @module
 */
import { Effect, Stream } from "effect"
import type { StoreError, StoreRefused } from "./Errors.ts"
import type { RecordedEvent } from "./LedgerEvent.ts"
import type { Page } from "./Store.ts"

/** From where events are read, and how many of them are held at once. */
export interface Reading {
  readonly after?: number
  /**
   * How many events, and about how many bytes of their lines, are read at once at most; 1024 events by default, however large.
   * For whoever takes few of them, or passes them on no faster than somebody else takes them.
   */
  readonly page_records?: number
  readonly page_bytes?: number
}

export const page_records_max = 1024

const lastEvent = (page: Page, position: number): number => page.events.at(-1)?.position ?? position
/** A page without events may still cover something: records that are damaged. */
export const lastCovered = (page: Page, position: number): number => lastEvent(page, Math.max(position, page.covers))

/** The events, unless what was asked for cannot be. */
export const unlessRefused = (
  refusal: StoreRefused | undefined,
  events: Stream.Stream<RecordedEvent, StoreError>,
): Stream.Stream<RecordedEvent, StoreError> => (refusal === undefined ? events : Stream.fail(refusal))

/** The events of page after page, read as they are taken. */
export const pages = (
  read: (position: number) => Effect.Effect<Page, StoreError>,
  from: number,
  next: (page: Page, position: number) => number = lastEvent,
) =>
  Stream.unfold(from, (position) =>
    Effect.map(read(position), (page) => {
      const reached = next(page, position)
      return page.events.length === 0 && reached === position ? undefined : ([page.events, reached] as const)
    }),
  ).pipe(Stream.flattenIterable)
