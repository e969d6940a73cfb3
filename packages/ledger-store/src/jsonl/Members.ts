/**
 * The member index of a compressed archive: where in the archive's bytes, and where in the compressed ones, each gzip member
 * begins. So a record is found without unpacking what is before it, and a damaged member costs its own records only.
 *
 * The checksum is over the compressed bytes: gzip's own does not cover all of them.
 *
 * @module
 */
import { crc32 } from "node:zlib"

export interface Member {
  /** Where its content begins in the archive's bytes. */
  readonly offset: number
  readonly packed_offset: number
  readonly packed_bytes: number
  readonly packed_crc: number
}

const member_bytes = 32
const place = { offset: 0, packed_offset: 8, packed_bytes: 16, packed_crc: 20, check: 28 } as const

export const encodeMembers = (members: ReadonlyArray<Member>): Buffer => {
  const table = Buffer.alloc(members.length * member_bytes)
  for (const [i, member] of members.entries()) {
    const at = i * member_bytes
    table.writeDoubleLE(member.offset, at + place.offset)
    table.writeDoubleLE(member.packed_offset, at + place.packed_offset)
    table.writeUInt32LE(member.packed_bytes, at + place.packed_bytes)
    table.writeUInt32LE(member.packed_crc, at + place.packed_crc)
    table.writeUInt32LE(crc32(table.subarray(at, at + place.check), i), at + place.check)
  }
  return table
}

/** `undefined` where the index is damaged: the archive is then unpacked from its beginning. */
export const decodeMembers = (table: Uint8Array): ReadonlyArray<Member> | undefined => {
  if (table.byteLength === 0 || table.byteLength % member_bytes !== 0) return undefined
  const data = Buffer.from(table.buffer, table.byteOffset, table.byteLength)
  const members: Array<Member> = []
  for (let at = 0; at < data.byteLength; at += member_bytes) {
    if (crc32(data.subarray(at, at + place.check), at / member_bytes) !== data.readUInt32LE(at + place.check))
      return undefined
    members.push({
      offset: data.readDoubleLE(at + place.offset),
      packed_offset: data.readDoubleLE(at + place.packed_offset),
      packed_bytes: data.readUInt32LE(at + place.packed_bytes),
      packed_crc: data.readUInt32LE(at + place.packed_crc),
    })
  }
  return members
}
