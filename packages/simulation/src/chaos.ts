/**
 * What goes wrong in a world while its chaos lasts, beyond single messages and operations, and how it ends.
 *
 * @module
 */
import type { FaultKind, Plan } from "./Plan.ts"
import { Random } from "./Random.ts"
import type { Resident, World } from "./World.ts"

const partition_ms_max = 3_000
const pause_ms_max = 3_000
const jump_ms_max = 8_000

/** Lets faults happen until the plan's chaos is over; then everything is whole again and stays so. */
export const unleash = (plan: Plan, world: World): void => {
  const { loop, machine, network, residents } = world

  const now_and_then = (name: string, every_ms: number, strike: (random: Random) => void): void => {
    if (every_ms === 0) return
    const random = Random.of(plan.seed, name)
    const next = (): void => {
      const wait_ms = -Math.log(1 - random.unit()) * every_ms
      loop.after(wait_ms, undefined, () => {
        if (loop.now_ms >= plan.chaos_ms) return
        strike(random)
        next()
      })
    }
    next()
  }
  const anybody = (random: Random, of: ReadonlyArray<Resident>): Resident | undefined =>
    of[random.between(0, of.length - 1)]

  const workers = residents.filter(({ kind }) => kind !== "client")
  const kill = (kind: FaultKind, resident: Resident | undefined): void => {
    if (resident?.process === undefined) return
    loop.meet(kind, resident.name, "is hit")
    resident.process.kill()
  }
  now_and_then("kill", plan.kill_every_ms, (random) => kill("kill", anybody(random, workers)))
  const clients = residents.filter(({ kind }) => kind === "client")
  now_and_then("client-crash", plan.client_crash_every_ms, (random) => kill("client-crash", anybody(random, clients)))
  now_and_then("power", plan.power_every_ms, () => {
    loop.meet("power", "machine", "is hit")
    world.cutPower()
  })
  now_and_then("partition", plan.partition_every_ms, (random) => {
    const name = anybody(random, residents)?.name ?? ""
    loop.tell(name, "is cut off")
    network.cut(name, true)
    loop.after(random.unit() * partition_ms_max, undefined, () => network.cut(name, false))
  })
  now_and_then("pause", plan.pause_every_ms, (random) => {
    const process = anybody(random, residents)?.process
    const pause_ms = random.unit() * pause_ms_max
    if (process === undefined) return
    loop.meet("pause", process.name, `stands still for ${Math.round(pause_ms)} ms`)
    process.stands_until_ms = loop.now_ms + pause_ms
  })
  now_and_then("clock-jump", plan.clock_jump_every_ms, (random) => {
    const jump_ms = Math.round((random.unit() * 2 - 1) * jump_ms_max)
    loop.meet("clock-jump", "machine", `its clock jumps by ${jump_ms} ms`)
    machine.wall.offset_ms += jump_ms
  })
  loop.after(plan.chaos_ms, undefined, () => {
    loop.tell("world", "is healed")
    network.mend()
    machine.heal()
    for (const { process } of residents) if (process !== undefined) process.stands_until_ms = 0
  })
}
