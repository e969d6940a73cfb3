/**
 * The chain's head: one line that, kept elsewhere, tells later whether the past up to its position is still the same.
 *
 * @module
 */

/** The chain's value behind a position. */
export interface ChainHead {
  readonly position: number
  /** 64 hexadecimal digits. */
  readonly sha256: string
}

/** `waybill-chain:<position>:<sha256>` */
export const printHead = ({ position, sha256 }: ChainHead): string => `waybill-chain:${position}:${sha256}`

/** Reads what {@link printHead} printed; `undefined` for anything else. */
export const parseHead = (text: string): ChainHead | undefined => {
  const [, position, sha256] = /^waybill-chain:(0|[1-9]\d{0,15}):([\da-f]{64})$/u.exec(text.trim()) ?? []
  return sha256 === undefined ? undefined : { position: Number(position), sha256 }
}
