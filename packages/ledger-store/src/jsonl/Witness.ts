/**
 * The end of what was read, remembered to notice that somebody cut or changed it: the very bytes that were read, since a second
 * look at the file may already see others.
 *
 * @module
 */
import type { FileError, OpenFile } from "@waybill/host"
import { Effect } from "effect"
import { readExactly } from "./readExactly.ts"

/**
 * How much of the end is remembered at least. The last record is remembered whole: one that its writer took back and wrote once
 * more has another time near its beginning, and may be the same for the rest.
 */
const witness_bytes = 256

/** From which file offset on the end is remembered of what was read up to `end`, and whose last record begins at `last`. */
export const rememberedFrom = (end: number, last = end): number => Math.max(0, Math.min(last, end - witness_bytes))

export class Witness {
  #bytes: Uint8Array
  /** The file offset behind the last byte. */
  #end: number

  /** Goes on from what is remembered, which ends at this file offset. */
  constructor(end: number, witness: Uint8Array) {
    this.#end = end
    this.#bytes = witness
  }

  get #start(): number {
    return this.#end - this.#bytes.byteLength
  }

  /** Takes the bytes that follow. What lies before `from` is forgotten. */
  add(chunk: Uint8Array, from: number): void {
    this.#bytes = Buffer.concat([this.#bytes.subarray(Math.max(0, from - this.#start)), chunk])
    this.#end += chunk.byteLength
  }

  /** The bytes between two file offsets, as far as they are remembered. */
  between(from: number, end: number): Uint8Array {
    // A copy, so that the chunk is not kept for the sake of its end.
    return new Uint8Array(this.#bytes.subarray(Math.max(0, from - this.#start), Math.max(0, end - this.#start)))
  }
}

/** Whether what was read up to `end` is still what lies there, as far as what is remembered of it can tell. */
export const isStillThere = (file: OpenFile, end: number, witness: Uint8Array): Effect.Effect<boolean, FileError> =>
  Effect.map(
    readExactly(file, end - witness.byteLength, witness.byteLength),
    (now) => Buffer.compare(now, witness) === 0,
  )
