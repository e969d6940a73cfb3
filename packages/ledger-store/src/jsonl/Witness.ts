/**
 * The end of what was read, remembered to notice that somebody cut or changed it: the very bytes that were read, since a second
 * look at the file may already see others.
 *
 * @module
 */

/** How much of the end is remembered. */
export const witness_bytes = 256

export class Witness {
  #bytes: Uint8Array
  /** The file offset behind the last byte. */
  #end: number

  /** Goes on from what is remembered, which ends at this file offset. */
  constructor(end: number, witness: Uint8Array) {
    this.#end = end
    this.#bytes = witness
  }

  /** Takes the bytes that follow. What lies further back than is remembered before `end` is forgotten. */
  add(chunk: Uint8Array, end: number): void {
    const from = Math.max(0, end - witness_bytes - (this.#end - this.#bytes.byteLength))
    this.#bytes = Buffer.concat([this.#bytes.subarray(from), chunk])
    this.#end += chunk.byteLength
  }

  /** The bytes before this file offset, as many as are to be remembered. */
  before(end: number): Uint8Array {
    const start = this.#end - this.#bytes.byteLength
    return this.#bytes.slice(Math.max(0, end - witness_bytes - start), Math.max(0, end - start))
  }
}
