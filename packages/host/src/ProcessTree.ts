/**
 * Who a process is, and who belongs to it, read from `/proc`.
 *
 * A process id alone says nothing after a crash: the number may since belong to a stranger. So a process is named by its
 * id, its start time and the kernel (boot and process namespace) that gave them, and nothing is signalled whose
 * membership is not proven by one of:
 *
 * - it is in the group or session of a leader that is still the recorded one (the kernel does not give a number to a new
 *   process while a group or session bears it);
 * - its environment carries the marker it inherited, which only our own processes were given.
 *
 * Plain functions without Effect, so that a small helper program can use them and start fast. Where there is no `/proc`,
 * nothing can be proven: identities are `undefined`, families are empty.
 *
 * @module
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { setTimeout as delay } from "node:timers/promises"

/** One process, told apart from every other that ever bears the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** Start time in clock ticks since boot, as the kernel prints it. */
  readonly start: string
  /** Boot id and process namespace. */
  readonly kernel: string
}

/** An environment variable that every process of a family inherited from us. */
export interface FamilyMarker {
  readonly name: string
  readonly value: string
}

/** Which processes are meant. At least one of the two should be given; this process itself is never part of it. */
export interface FamilySelection {
  /** Leader of a group and session: everything in them is meant while the leader is provably the recorded process. */
  readonly leader?: ProcessIdentity
  readonly marker?: FamilyMarker
  /**
   * True only for whoever started the leader and saw it end just now: its number cannot have been given away yet, so
   * the group counts although the leader is gone.
   */
  readonly leaderJustEnded?: boolean
}

/** What became of a family. */
export interface FamilyEnd {
  /** Processes that were alive and are gone. */
  readonly ended: ReadonlyArray<ProcessIdentity>
  /** Processes that are alive still: not killable, or in the group of a leader that can no longer be vouched for. */
  readonly remaining: ReadonlyArray<ProcessIdentity>
}

interface Entry {
  readonly identity: ProcessIdentity
  readonly state: string
  readonly group: number
  readonly session: number
}

const readOrUndefined = (path: string): string | undefined => {
  try {
    return readFileSync(path, "latin1")
  } catch {
    return undefined // the process is gone, or belongs to another user: either way it proves nothing
  }
}

const readKernel = (): string | undefined => {
  const boot = readOrUndefined("/proc/sys/kernel/random/boot_id")
  if (boot === undefined) return undefined
  try {
    return `${boot.trim()} ${readlinkSync("/proc/self/ns/pid")}`
  } catch {
    return undefined
  }
}

const kernel = readKernel()

const entryOf = (pid: number): Entry | undefined => {
  if (kernel === undefined) return undefined
  const stat = readOrUndefined(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const [state, , group, session] = fields
  const start = fields[19]
  if (state === undefined || start === undefined) return undefined
  return { identity: { pid, start, kernel }, state, group: Number(group), session: Number(session) }
}

const isDead = (entry: Entry): boolean => entry.state === "Z" || entry.state === "X"

/** The process that bears this number now, or `undefined` when none does (a dead one that is not reaped counts). */
export const identify = (pid: number): ProcessIdentity | undefined => entryOf(pid)?.identity

/** True while exactly this process runs: same number, same start, same kernel, not dead and waiting to be reaped. */
export const isAlive = (identity: ProcessIdentity): boolean => {
  const entry = identity.kernel === kernel ? entryOf(identity.pid) : undefined
  return entry !== undefined && entry.identity.start === identity.start && !isDead(entry)
}

/** Sends a signal to exactly this process; false when it is gone or is not ours to signal. */
export const signalProcess = (identity: ProcessIdentity, signal: NodeJS.Signals): boolean => {
  if (!isAlive(identity)) return false
  try {
    return process.kill(identity.pid, signal)
  } catch {
    return false
  }
}

const signalGroup = (group: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-group, signal)
  } catch {
    // Its last member went first: that is what was wanted.
  }
}

const keyOf = (identity: ProcessIdentity): string => `${identity.pid} ${identity.start}`

const carries = (pid: number, marker: FamilyMarker): boolean => {
  const environment = readOrUndefined(`/proc/${pid}/environ`)
  // Read byte by byte, and a variable's bytes are UTF-8.
  const entry = Buffer.from(`${marker.name}=${marker.value}`, "utf8").toString("latin1")
  return environment !== undefined && environment.split("\0").includes(entry)
}

const everybody = (): ReadonlyArray<Entry> => {
  if (kernel === undefined) return []
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((name) => entryOf(Number(name)) ?? [])
}

interface Family {
  readonly members: ReadonlyArray<ProcessIdentity>
  /** In a group of the leader's number, but nothing shows that it is the leader's group. */
  readonly unproven: ReadonlyArray<ProcessIdentity>
  /** The leader's group, when it is proven to be that and somebody is in it. */
  readonly group: number | undefined
}

const survey = (selection: FamilySelection): Family => {
  const entries = everybody()
  const { leader, marker } = selection
  const leaderIsHere = leader !== undefined && leader.kernel === kernel
  const bearer = leaderIsHere ? entries.find((entry) => entry.identity.pid === leader.pid) : undefined
  const vouched =
    leaderIsHere && (bearer === undefined ? selection.leaderJustEnded === true : bearer.identity.start === leader.start)
  const members: Array<ProcessIdentity> = []
  const unproven: Array<ProcessIdentity> = []
  let group: number | undefined
  for (const entry of entries) {
    if (entry.identity.pid === process.pid || isDead(entry)) continue
    if (vouched && entry.group === leader.pid) group = leader.pid
    const grouped = leaderIsHere && (entry.group === leader.pid || entry.session === leader.pid)
    if ((grouped && vouched) || (marker !== undefined && carries(entry.identity.pid, marker)))
      members.push(entry.identity)
    else if (grouped && bearer === undefined) unproven.push(entry.identity)
  }
  return { members, unproven, group }
}

/** The living processes that provably belong to the selection. */
export const findFamily = (selection: FamilySelection): ReadonlyArray<ProcessIdentity> => survey(selection).members

/** A process between fork and exec may show no environment for an instant, so one empty look is not proof. */
const quietLooks = 2
const look_ms = 10
/** How long a killed process may take to disappear before it is reported as remaining. */
const killed_ms = 2_000

/**
 * Ends a family: SIGTERM to every member, up to `grace_ms` of time, then SIGKILL until nobody is left. Children that left
 * the group (daemons) are found by the marker. Never fails: who could not be ended is listed in `remaining`.
 *
 * @example
 * const end = await endFamily({ marker: { name: "MY_RUN", value: "4f1c" } }, 5_000)
 * if (end.remaining.length > 0) console.error("still alive:", end.remaining.map((one) => one.pid))
 */
export const endFamily = async (selection: FamilySelection, grace_ms: number): Promise<FamilyEnd> => {
  const seen = new Map<string, ProcessIdentity>()
  const signalled = new Set<string>()
  const startedAt_ms = performance.now()
  let quiet = 0
  for (;;) {
    const { members, group } = survey(selection)
    for (const one of members) seen.set(keyOf(one), one)
    quiet = members.length === 0 ? quiet + 1 : 0
    if (quiet >= quietLooks) break
    const elapsed_ms = performance.now() - startedAt_ms
    if (elapsed_ms > grace_ms + killed_ms) break
    // The whole group at once, so that a member that forks meanwhile cannot outrun the list.
    if (elapsed_ms >= grace_ms && group !== undefined) signalGroup(group, "SIGKILL")
    for (const one of members) {
      if (elapsed_ms >= grace_ms) signalProcess(one, "SIGKILL")
      else if (!signalled.has(keyOf(one))) signalProcess(one, "SIGTERM")
      signalled.add(keyOf(one))
    }
    await delay(look_ms)
  }
  const last = survey(selection)
  const alive = [...last.members, ...last.unproven]
  const aliveKeys = new Set(alive.map(keyOf))
  return { ended: [...seen.values()].filter((one) => !aliveKeys.has(keyOf(one))), remaining: alive }
}

/** A group leader that this process started itself. */
export interface StartedLeader {
  readonly pid: number
  /** What {@link identify} said right after the start; undefined where there is no `/proc`. */
  readonly identity: ProcessIdentity | undefined
  /** Settles once the leader itself has ended. */
  readonly exited: Promise<unknown>
  readonly hasExited: () => boolean
}

/**
 * Ends the group of a leader that this process started, also when the leader itself is gone already. Without `/proc` only
 * the group as such can be ended, and only while the leader still holds its number; nothing is then reported.
 */
export const endStarted = async (
  leader: StartedLeader,
  grace_ms: number,
  marker?: FamilyMarker,
): Promise<FamilyEnd> => {
  if (leader.identity !== undefined) {
    const selection = { leader: leader.identity, leaderJustEnded: true }
    return endFamily(marker === undefined ? selection : { ...selection, marker }, grace_ms)
  }
  if (!leader.hasExited()) {
    signalGroup(leader.pid, "SIGTERM")
    await Promise.race([leader.exited, delay(grace_ms, undefined, { ref: false })])
  }
  if (!leader.hasExited()) signalGroup(leader.pid, "SIGKILL")
  await leader.exited
  return { ended: [], remaining: [] }
}
