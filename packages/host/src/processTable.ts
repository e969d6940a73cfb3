/**
 * The machine's processes, read from `/proc`, so that none that is alive can be missed.
 *
 * A list of numbers is old when it is read. A process that forks and exits every millisecond has another number whenever it is
 * looked for by the one that was listed. So a walk goes on to the numbers that the kernel has given away meanwhile, until it
 * has given away none: whoever is alive then was alive when its number was looked at.
 *
 * @module
 */
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs"

/** One process, told apart from every other that ever bears the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** Start time in clock ticks since boot, as the kernel prints it. */
  readonly start: string
  /** Boot id and process namespace. */
  readonly kernel: string
}

export interface Entry {
  readonly identity: ProcessIdentity
  /** Dead, and not reaped yet. */
  readonly isDead: boolean
  /** A thread of the kernel: nobody's child. */
  readonly isKernels: boolean
  readonly group: number
  readonly session: number
  /** Between two programs (`execve`), when the kernel shows no environment, for an instant. */
  readonly isChanging: boolean
}

const buffer = Buffer.allocUnsafe(65_536)

/** A file of `/proc`; undefined where the process is gone or belongs to another user: either way it proves nothing. */
export const readProc = (path: string): string | undefined => {
  try {
    const descriptor = openSync(path, "r")
    try {
      let text = ""
      for (;;) {
        const bytes = readSync(descriptor, buffer, 0, buffer.length, null)
        if (bytes === 0) return text
        text += buffer.toString("latin1", 0, bytes)
      }
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return undefined
  }
}

const readKernel = (): string | undefined => {
  const boot = readProc("/proc/sys/kernel/random/boot_id")
  if (boot === undefined) return undefined
  try {
    return `${boot.trim()} ${readlinkSync("/proc/self/ns/pid")}`
  } catch {
    return undefined
  }
}

/** Which kernel's numbers we see; undefined where there is no `/proc`. */
export const kernel = readKernel()

/** Flags of a process that is ending, and of a thread of the kernel. */
const flag = { exiting: 0x4, kernel: 0x20_0000 } as const

export const entryOf = (pid: number): Entry | undefined => {
  if (kernel === undefined) return undefined
  const stat = readProc(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const [state, , group, session] = fields
  const start = fields[19]
  if (state === undefined || start === undefined) return undefined
  const flags = Number(fields[6])
  return {
    identity: { pid, start, kernel },
    isDead: state === "Z" || state === "X",
    group: Number(group),
    session: Number(session),
    isKernels: (flags & flag.kernel) !== 0,
    isChanging: (flags & flag.exiting) === 0 && fields[48] === "0",
  }
}

/** Threads have numbers of the same kind, and no place in the list. */
const isThread = (pid: number): boolean => {
  const own = /^Tgid:\t([0-9]+)$/mu.exec(readProc(`/proc/${pid}/status`) ?? "")?.[1]
  return own !== undefined && Number(own) !== pid
}

/** The number that was given away last, as far as the kernel tells. */
const newest = (): number => {
  const said = Number((readProc("/proc/loadavg") ?? "").trim().split(" ").at(-1))
  return Number.isInteger(said) ? said : 0
}

/** So many numbers may have been given to processes that were still being made when the list was read. */
const unborn = 64
/** How long new numbers are followed on a machine that gives away ever more of them. */
const chase_ms = 100

/**
 * Shows every process but the kernel's own threads to `visit`; those that are there all the time once, or twice if they are new.
 *
 * @returns false where numbers were given away faster than they could be looked at, so that somebody may have been missed
 */
export const visitEverybody = (visit: (entry: Entry) => void): boolean => {
  if (kernel === undefined) return true
  const listed = new Set<number>()
  const show = (entry: Entry | undefined) => {
    if (entry !== undefined && !entry.isKernels) visit(entry)
  }
  const list = () => {
    for (const name of readdirSync("/proc")) {
      const pid = Number(name)
      if (!Number.isInteger(pid)) continue
      listed.add(pid)
      show(entryOf(pid))
    }
  }
  const until_ms = performance.now() + chase_ms
  let seen = newest()
  list()
  for (let from = Math.max(0, seen - unborn); ; from = seen) {
    const now = newest()
    if (now < seen) list() // the numbers have begun anew
    for (let pid = from + 1; pid <= now; pid++) {
      const entry = entryOf(pid)
      if (entry !== undefined && (listed.has(pid) || !isThread(pid))) show(entry)
    }
    if (now === seen && newest() === now) return true
    seen = now
    if (performance.now() > until_ms) return false
  }
}
