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
import { setTimeout as delay } from "node:timers/promises"
import { type Entry, entryOf, kernel, type ProcessIdentity, readProc, visitEverybody } from "./processTable.ts"

export type { ProcessIdentity } from "./processTable.ts"

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

/** The process that bears this number now, or `undefined` when none does (a dead one that is not reaped counts). */
export const identify = (pid: number): ProcessIdentity | undefined => entryOf(pid)?.identity

/** True while exactly this process runs: same number, same start, same kernel, not dead and waiting to be reaped. */
export const isAlive = (identity: ProcessIdentity): boolean => {
  const entry = identity.kernel === kernel ? entryOf(identity.pid) : undefined
  return entry !== undefined && entry.identity.start === identity.start && !entry.isDead
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

/** Whether it bears the marker; undefined where that cannot be told at this instant. */
const carries = ({ identity, isChanging }: Entry, marker: FamilyMarker): boolean | undefined => {
  const environment = readProc(`/proc/${identity.pid}/environ`)
  if (environment === "" && isChanging) return undefined
  // Read byte by byte, and a variable's bytes are UTF-8.
  const entry = Buffer.from(`${marker.name}=${marker.value}`, "utf8").toString("latin1")
  return environment !== undefined && environment.split("\0").includes(entry)
}

interface Family {
  readonly members: ReadonlyArray<ProcessIdentity>
  /** In a group of the leader's number, but nothing shows that it is the leader's group. */
  readonly unproven: ReadonlyArray<ProcessIdentity>
  /** The leader's group, when it is proven to be that and somebody is in it. */
  readonly group: number | undefined
  /** Whether everybody who is alive was looked at, and could be told to belong to it or not. */
  readonly isWhole: boolean
}

/** `onMember` is called as soon as one is found: a process that hops from number to number is caught then or not at all. */
const survey = (selection: FamilySelection, onMember?: (member: ProcessIdentity) => void): Family => {
  const { leader, marker } = selection
  const leaderIsHere = leader !== undefined && leader.kernel === kernel
  const bearer = leaderIsHere ? entryOf(leader.pid) : undefined
  const vouched =
    leaderIsHere && (bearer === undefined ? selection.leaderJustEnded === true : bearer.identity.start === leader.start)
  const members = new Map<string, ProcessIdentity>()
  const unproven = new Map<string, ProcessIdentity>()
  let group: number | undefined
  let isUntold = false
  const isMarked = (entry: Entry): boolean => {
    const marked = marker !== undefined && carries(entry, marker)
    if (marked === undefined) isUntold = true
    return marked === true
  }
  const isAll = visitEverybody((entry) => {
    const { identity, isDead } = entry
    if (identity.pid === process.pid || isDead || members.has(keyOf(identity))) return
    if (vouched && entry.group === leader.pid) group = leader.pid
    const grouped = leaderIsHere && (entry.group === leader.pid || entry.session === leader.pid)
    if ((grouped && vouched) || isMarked(entry)) {
      members.set(keyOf(identity), identity)
      onMember?.(identity)
    } else if (grouped && bearer === undefined) unproven.set(keyOf(identity), identity)
  })
  return {
    members: [...members.values()],
    unproven: [...unproven.values()],
    group,
    isWhole: isAll && !isUntold,
  }
}

/** The living processes that provably belong to the selection. */
export const findFamily = (selection: FamilySelection): ReadonlyArray<ProcessIdentity> => survey(selection).members

/** So many looks in a row find nobody before nobody is left. */
const quietLooks = 2
/** A stranger that hangs between two programs, or a machine that forks without end, is not waited for longer. */
const partialLooks_max = 5
const look_ms = 10
/** How long a killed process may take to disappear before it is reported as remaining. */
const killed_ms = 2_000

/**
 * Ends a family: SIGTERM to every member, up to `grace_ms` of time, then SIGKILL until nobody is left. Children that left
 * the group (daemons) are found by the marker, also while they hop from process to process. Never fails: who could not be
 * ended is listed in `remaining`.
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
  let partial = 0
  for (;;) {
    const elapsed_ms = performance.now() - startedAt_ms
    const isOver = elapsed_ms >= grace_ms
    const onMember = (one: ProcessIdentity) => {
      const key = keyOf(one)
      seen.set(key, one)
      if (isOver) signalProcess(one, "SIGKILL")
      else if (!signalled.has(key)) signalProcess(one, "SIGTERM")
      signalled.add(key)
    }
    const { group, isWhole, members } = survey(selection, onMember)
    if (isOver && group !== undefined) signalGroup(group, "SIGKILL")
    if (members.length > 0) quiet = 0
    else if (isWhole || ++partial > partialLooks_max) quiet++
    if (quiet >= quietLooks || elapsed_ms > grace_ms + killed_ms) break
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
