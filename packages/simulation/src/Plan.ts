/**
 * What one seed does: how large its world is, and which faults it meets, how often. Each seed has some kinds of faults and not
 * others (swarm testing): one that has them all at once hides what one of them alone would show.
 *
 * @module
 */
import { Random } from "./Random.ts"

/** The kinds of faults. Each can be switched off on its own, which leaves the others as they are. */
export const fault_kinds = [
  "loss",
  "duplication",
  "delay",
  "partition",
  "kill",
  "kill-at-operation",
  "power",
  "torn-power",
  "disk-error",
  "flush-error",
  "short-write",
  "slow-disk",
  "pause",
  "clock-jump",
  "preemption",
  "shuffle",
  "rotation",
  "client-crash",
] as const
export type FaultKind = (typeof fault_kinds)[number]

/** Rates are probabilities per message or per operation; `every_ms` are mean times between two. 0: never. */
export interface Plan {
  readonly seed: number
  readonly jobs: number
  readonly clients: number
  readonly remoteWorkers: number
  readonly localWorkers: number
  /** How many of the jobs ask for a terminal artifact, as a probability. */
  readonly settlements: number
  readonly cancels: number
  readonly lease_ms: number
  readonly heartbeat_ms: number
  /** How long the faults go on. */
  readonly chaos_ms: number
  readonly faults: ReadonlySet<FaultKind>
  readonly loss: number
  readonly duplication: number
  readonly delay_ms: number
  readonly partition_every_ms: number
  readonly kill_every_ms: number
  readonly client_crash_every_ms: number
  /** A process dies at one of its first so many disk operations. */
  readonly kill_at_operation: number
  readonly power_every_ms: number
  readonly isPowerTorn: boolean
  readonly disk_error: number
  readonly flush_error: number
  readonly short_write: number
  readonly disk_ms: number
  readonly pause_every_ms: number
  readonly clock_jump_every_ms: number
  readonly preemption: number | undefined
  readonly isShuffled: boolean
  readonly rotate_bytes: number
}

/** What may be taken away from a seed's plan, in search of the least that still fails. */
export interface Reduction {
  readonly without?: ReadonlyArray<FaultKind>
  readonly jobs?: number
}

/** The plan of a seed. The same seed has the same plan for ever, as long as this function stays as it is. */
export const planOf = (seed: number, { jobs: jobs_max, without = [] }: Reduction = {}): Plan => {
  const random = Random.of(seed, "plan")
  const drawn = fault_kinds.map((kind) => [kind, random.chance(0.35)] as const)
  const faults = new Set(drawn.flatMap(([kind, isOn]) => (isOn && !without.includes(kind) ? [kind] : [])))
  const jobs = random.between(2, 8)
  const lease_ms = random.between(800, 4_000)
  /** Drawn whether it is on or not, so that what is switched off moves nothing else. */
  const rate = (kind: FaultKind, least: number, most: number): number => {
    const value = least + random.unit() * (most - least)
    return faults.has(kind) ? value : 0
  }
  const settlements = random.pick([0, 0.25, 0.5, 1])
  const preemption = rate("preemption", 5, 200)
  return {
    seed,
    faults,
    jobs: Math.min(jobs, jobs_max ?? jobs),
    clients: random.between(1, 3),
    remoteWorkers: random.between(1, 2),
    localWorkers: settlements > 0 ? random.between(1, 2) : random.between(0, 1),
    settlements,
    cancels: random.pick([0, 0, 0.2, 0.5]),
    lease_ms,
    heartbeat_ms: Math.floor(lease_ms / random.between(2, 4)),
    chaos_ms: random.between(2_000, 8_000),
    loss: rate("loss", 0.01, 0.3),
    duplication: rate("duplication", 0.01, 0.3),
    delay_ms: rate("delay", 20, 2_000),
    partition_every_ms: rate("partition", 500, 5_000),
    kill_every_ms: rate("kill", 400, 4_000),
    client_crash_every_ms: rate("client-crash", 500, 4_000),
    kill_at_operation: Math.floor(rate("kill-at-operation", 20, 400)),
    power_every_ms: rate("power", 1_000, 6_000),
    isPowerTorn: faults.has("torn-power"),
    disk_error: rate("disk-error", 0.001, 0.05),
    flush_error: rate("flush-error", 0.005, 0.2),
    short_write: rate("short-write", 0.005, 0.2),
    disk_ms: rate("slow-disk", 1, 60),
    pause_every_ms: rate("pause", 300, 3_000),
    clock_jump_every_ms: rate("clock-jump", 500, 4_000),
    preemption: preemption === 0 ? undefined : preemption,
    isShuffled: faults.has("shuffle"),
    rotate_bytes: faults.has("rotation") ? random.between(1_000, 20_000) : 67_108_864,
  }
}
