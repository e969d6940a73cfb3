/**
 * Everything that two workers, a client and the clock can do to one job in nine steps, in every order: seven commands, and time in between.
 *
 * The fault model: a worker may act on any hold it ever had, at any time, also after the lease has passed, after another
 * worker has claimed the job, and after the job has ended.
 */
import type { RecordedEvent } from "@waybill/ledger"
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { type Hold, isTerminal, lease_ms_default, type QueueCommand } from "../src/index.ts"
import { Desk, digest, start_ms } from "./support/desk.ts"

const steps_max = 9
const job_id = "j1"
const workers = ["w1", "w2"] as const

interface State {
  readonly events: ReadonlyArray<RecordedEvent>
  readonly now_ms: number
  readonly holds: Readonly<Record<(typeof workers)[number], ReadonlyArray<Hold>>>
}

interface Action {
  readonly name: string
  readonly command: QueueCommand | "a lease's time passes"
  readonly by?: (typeof workers)[number]
  /** The hold a worker acts on. */
  readonly hold?: Hold
}

const deskAt = ({ events }: State): Desk => {
  const desk = new Desk()
  for (const event of events) desk.record(event)
  return desk
}

const actions = ({ holds, now_ms }: State): ReadonlyArray<Action> => [
  { name: "submit", command: { kind: "submit", job_type: "rpi.run", job_id, max_attempts: 3 } },
  { name: "cancel", command: { kind: "cancel", job_id } },
  { name: "sweep", command: { kind: "expire", job_id, now_ms } },
  { name: "fence", command: { kind: "expire", job_id, now_ms, isHolderGone: true } },
  { name: "wait", command: "a lease's time passes" },
  ...workers.flatMap((by): ReadonlyArray<Action> => {
    // The same each time, so that the epoch alone tells a hold from the one before.
    const token_sha256 = digest(by)
    return [
      { name: `${by} claims`, by, command: { kind: "claim", job_id, token_sha256, now_ms } },
      ...holds[by].flatMap((hold): ReadonlyArray<Action> => [
        { name: `${by} beats`, by, hold, command: { kind: "heartbeat", job_id, hold, now_ms } },
        { name: `${by} completes`, by, hold, command: { kind: "complete", job_id, hold, now_ms } },
        { name: `${by} fails`, by, hold, command: { kind: "fail", job_id, hold, now_ms } },
        { name: `${by} gives back`, by, hold, command: { kind: "expire", job_id, hold, now_ms } },
      ]),
    ]
  }),
]

/** Two states are one only where the whole job, the time and every hold are equal; an event's own place is not the job's. */
const keyOf = (state: State): string => {
  const { last_event_id: _, updated_at: __, ...job } = deskAt(state).queue.get(job_id) ?? {}
  return JSON.stringify([job, state.now_ms, state.holds])
}

const terminals = (events: ReadonlyArray<RecordedEvent>): number =>
  events.filter(({ event_type }) => /^job\.(?:completed|failed|cancelled)$/u.test(event_type)).length

/** Who would be heard at this moment. */
const live = (state: State): number => {
  const desk = deskAt(state)
  const job = desk.queue.get(job_id)
  if (job === undefined || isTerminal(job.status)) return 0
  return workers
    .flatMap((by) => state.holds[by])
    .filter((hold) => Result.isSuccess(desk.decide({ kind: "heartbeat", job_id, hold, now_ms: state.now_ms }))).length
}

const step = (state: State, { by, command, hold }: Action): State => {
  if (command === "a lease's time passes") return { ...state, now_ms: state.now_ms + lease_ms_default }
  const desk = deskAt(state)
  const before = desk.queue.get(job_id)
  const done = desk.do(command)
  const facts = done instanceof Error ? [] : done
  const after = desk.queue.get(job_id)

  if (before !== undefined && isTerminal(before.status)) {
    expect(facts).toEqual([])
    expect(after).toBe(before)
  }
  if (hold !== undefined && hold.lease_epoch !== before?.lease_epoch) {
    expect(facts).toEqual([])
    expect(after).toBe(before)
  }
  expect([...desk.queue.anomalous()]).toEqual([])
  expect(terminals(desk.events)).toBe(after !== undefined && isTerminal(after.status) ? 1 : 0)

  const claimed = facts.find(({ event_type }) => event_type === "job.claimed")
  if (by === undefined || claimed === undefined || command.kind !== "claim") return { ...state, events: desk.events }
  const lease_epoch = Number(claimed.payload["lease_epoch"])
  expect(lease_epoch).toBe((before?.lease_epoch ?? 0) + 1)
  const own = [...state.holds[by], { token_sha256: command.token_sha256, lease_epoch }]
  return { ...state, events: desk.events, holds: { ...state.holds, [by]: own } }
}

describe("§10.5 §10.7 §10.8 two workers and a client at one job", () => {
  it(`at most one epoch is live, a stale one changes nothing, one fact ends the job, and an end is an end`, () => {
    const seen = new Set<string>()
    const seenEnds = new Set<string>()
    let transitions = 0
    let frontier: ReadonlyArray<State> = [{ events: [], now_ms: start_ms, holds: { w1: [], w2: [] } }]
    for (let depth = 0; depth <= steps_max; depth++) {
      const next: Array<State> = []
      for (const state of frontier) {
        const key = keyOf(state)
        if (seen.has(key)) continue
        seen.add(key)
        expect(live(state)).toBeLessThanOrEqual(1)
        const status = deskAt(state).queue.get(job_id)?.status
        if (status !== undefined) seenEnds.add(status)
        if (depth === steps_max) continue
        for (const action of actions(state)) {
          transitions++
          next.push(step(state, action))
        }
      }
      frontier = next
    }
    console.log(`${seen.size} states, ${transitions} transitions within ${steps_max} steps`)
    expect([...seenEnds].sort()).toEqual(["cancelled", "completed", "failed", "queued", "retry_waiting", "running"])
    expect(seen.size).toBeGreaterThan(1000)
  })
})
