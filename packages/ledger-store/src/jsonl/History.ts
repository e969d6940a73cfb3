/**
 * What a process knows of a ledger: its files in order, and by job where its first and its last record stand. It takes memory
 * for jobs, not for records; where a record lies is looked up in the seals.
 *
 * @module
 */
import type { FileInfo } from "@waybill/host"
import type { CorruptRecord, Damage } from "@waybill/ledger"
import { JobNames, Jobs } from "./Jobs.ts"
import { ledger_name } from "./Layout.ts"
import { isSameFile } from "./LedgerFile.ts"
import { LineReader } from "./LineReader.ts"
import { Segment } from "./Segment.ts"
import { Trails } from "./Trails.ts"

/** The position that an event id of our own form tells, `undefined` for any other. */
export const told = (eventId: string): number | undefined => {
  const digits = /_(\d{6}|[1-9]\d{6,})$/u.exec(eventId)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

const [zero, underscore, digits_min] = [0x30, 0x5f, 6]

/** Whether {@link told} would answer this position, for a tenth of what it takes. */
export const isTold = (eventId: string, position: number): boolean => {
  let at = eventId.length
  for (let rest = position, digits = 0; rest > 0 || digits < digits_min; digits++) {
    if (eventId.charCodeAt(--at) !== zero + (rest % 10)) return false
    rest = Math.floor(rest / 10)
  }
  return eventId.charCodeAt(at - 1) === underscore
}

/** FNV-1a. A hint only: equal hashes are looked up in the file. */
export const hashOf = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

const put = (map: Map<number, Array<number>>, key: number, position: number): void => {
  const known = map.get(key)
  if (known === undefined) map.set(key, [position])
  else known.push(position)
}

/** What is wrong with a file. */
export interface Finding extends Damage {
  /** Whether nothing may be appended before somebody has seen to it. */
  readonly blocks?: boolean
}

/** Given up as a whole when the files turn out to be others. */
export class History {
  readonly generation: number
  readonly segments: Array<Segment> = []
  jobs = new Jobs()
  readonly jobNames = new JobNames()
  readonly trails = new Trails()
  readonly corrupt = new Map<number, CorruptRecord>()
  /** What is wrong with whole files. */
  readonly damage: Array<Finding> = []
  /** Records whose id tells a position that is not theirs and lay ahead of them, by that position. */
  readonly ahead = new Map<number, Array<number>>()
  /** Records whose id does not tell their own position, by the id's hash; those above `foreign_from` only, at first. */
  readonly foreign = new Map<number, Array<number>>()
  foreign_from = 0
  /** Cuts the file that is read on from. */
  reader = new LineReader()
  witness: Uint8Array = new Uint8Array()
  /** Whether some of what was read last had no rows: its writer may yet fail to flush it, and take it back. */
  isUnsettled = false
  /** The file that bore the ledger's name when we looked last; `undefined` where none did, or our own is yet to be made. */
  info: FileInfo | undefined
  isLoaded = false
  /** Whether the folder says that its whole past has been sealed. */
  isMarked = false
  /** How many records the saved index covers. */
  saved = 0

  constructor(generation: number) {
    this.generation = generation
  }

  /** The position of the last record. */
  get head(): number {
    return this.segments.at(-1)?.last ?? 0
  }

  get active(): Segment | undefined {
    const last = this.segments.at(-1)
    return last?.isActive === true ? last : undefined
  }

  /** Goes on in a new file behind what has become an archive. */
  beginBehind({ count, first, line, lines, link }: Segment): void {
    const chain = link.sha
    this.segments.push(
      new Segment({ first: first + count, line: line + lines, name: ledger_name, isActive: true, chain }),
    )
    this.reader = new LineReader()
    this.witness = new Uint8Array()
    this.isUnsettled = false
  }

  /** Whether every record has its row on disk, and the folder says so. */
  get isSealed(): boolean {
    return this.isMarked && this.segments.every(({ count, sealed }) => sealed >= count)
  }

  /** Which file holds a position, or the first one behind it. */
  indexOf(position: number): number {
    const { segments } = this
    let low = 0
    let high = segments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((segments[middle]?.last ?? 0) < position) low = middle + 1
      else high = middle
    }
    return low
  }

  segmentOf(position: number): Segment | undefined {
    const segment = this.segments[this.indexOf(position)]
    return segment !== undefined && segment.first <= position ? segment : undefined
  }

  enterForeign(eventId: string, position: number): void {
    put(this.foreign, hashOf(eventId), position)
    const tells = told(eventId)
    if (tells !== undefined && tells > position) put(this.ahead, tells, position)
  }

  /** Whether a file is known to be such that nothing may be appended. */
  isBlocked(name: string): boolean {
    return this.damage.some(({ blocks, file }) => blocks === true && file === name)
  }

  /** Whether a file that was seen is the one that is read on, and holds nothing that is not known and sealed. */
  knowsAllOf(seen: FileInfo | undefined): boolean {
    const { active, info, isUnsettled, reader } = this
    if (active === undefined || isUnsettled || !isSameFile(info, seen)) return false
    const isRead = seen?.bytes === reader.next && reader.next === reader.end
    return isRead && active.sealed >= active.count && !this.isBlocked(active.name)
  }

  /** Notes what is wrong with a file, once; the positions that one reason concerns are told as one range. */
  note(damage: Finding): void {
    const at = this.damage.findIndex(({ error, file }) => file === damage.file && error === damage.error)
    const known = this.damage[at]
    if (known === undefined) {
      this.damage.push(damage)
      return
    }
    const [a, b] = [known.positions, damage.positions]
    const positions =
      a === undefined || b === undefined ? (a ?? b) : ([Math.min(a[0], b[0]), Math.max(a[1], b[1])] as const)
    const blocks = known.blocks === true || damage.blocks === true
    this.damage[at] = { ...known, blocks, ...(positions === undefined ? {} : { positions }) }
  }
}
