/**
 * A world: the machine with the ledger, the hosts around it, and everybody who lives there, as one seed has them.
 *
 * @module
 */
import { layerDataPlane } from "@waybill/data-plane"
import { vocabularies } from "@waybill/jobspec"
import { Ledger } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { layerFileHolds, layerLedgerQueue, runWorker, type WorkerEvent } from "@waybill/runtime"
import { WorkspaceJob } from "@waybill/workspace-job"
import { Effect, type Exit, Layer } from "effect"
import { type Agents, makeAgents } from "./Agents.ts"
import { runClient } from "./client.ts"
import type { Intent } from "./intents.ts"
import { Loop } from "./Loop.ts"
import { type Machine, makeMachine } from "./Machine.ts"
import { Network } from "./Network.ts"
import type { Plan } from "./Plan.ts"
import { Process, type WallClock } from "./Process.ts"
import { Random } from "./Random.ts"
import { remoteLedger, type Server } from "./RemoteLedger.ts"
import { Witness, witnessed } from "./Witness.ts"
import { job_type, jobspec, settler, worker } from "./work.ts"

export const root = "/job"
export const data_root = `${root}/data`
const holds_root = `${root}/holds`

/** Somebody who is started again whenever it has ended. */
export interface Resident {
  readonly name: string
  readonly kind: "server" | "local" | "remote" | "client"
  process: Process | undefined
  /** A client that has all that it wanted. */
  isDone: boolean
  /** The ledger as its process of the moment has it, once it is open. */
  ledger: Ledger["Service"] | undefined
}

type Start = (process: Process, resident: Resident) => Effect.Effect<void, unknown>

export interface World {
  readonly loop: Loop
  readonly machine: Machine
  readonly network: Network
  readonly witness: Witness
  readonly agents: Agents
  readonly residents: ReadonlyArray<Resident>
  readonly spawn: (name: string, wall: WallClock) => Process
  /** Kills a process; it is started again after a while. */
  readonly kill: (resident: Resident) => void
  readonly cutPower: () => void
  /** From now on nothing starts again. */
  readonly close: () => void
}

export const storeOf = (plan: Plan) =>
  makeJsonlStore({ root, poll_ms: 300, lock_wait_ms: 5_000, rotate_bytes: plan.rotate_bytes, compress: false })
export const all_vocabularies = [...vocabularies, WorkspaceJob]

const restart_ms_max = 800

export const makeWorld = (plan: Plan, intents: ReadonlyArray<Intent>, isTraced: boolean): World => {
  const { seed } = plan
  const random = Random.of(seed, "world")
  const loop = new Loop({ random: Random.of(seed, "scheduler"), isShuffled: plan.isShuffled, isTraced })
  const machine = makeMachine(loop, plan)
  const network = new Network(loop, seed, plan)
  const witness = new Witness()
  const server: Server = { current: undefined }
  const births = new Map<string, number>()
  let isClosed = false

  const spawn = (name: string, wall: WallClock): Process => {
    const birth = (births.get(name) ?? 0) + 1
    births.set(name, birth)
    return new Process({ loop, name, wall, preemption: plan.preemption, seed: seed * 31 + birth })
  }
  const agents = makeAgents({
    loop,
    machine,
    random: Random.of(seed, "agents"),
    dataRoot: data_root,
    spawn: (name) => spawn(name, machine.wall),
  })

  const observer = (who: string) => (event: WorkerEvent) => {
    const job = "job" in event ? ` ${event.job.job_id} ${event.job.lease_epoch}` : ""
    const reason = "reason" in event ? ` ${event.reason}` : ""
    loop.tell(who, `${event.kind}${job}${reason}`)
  }
  const terms = { lease_ms: plan.lease_ms, heartbeat_ms: plan.heartbeat_ms, drain_ms: 0 }

  const openLedger = (process: Process) =>
    Effect.gen(function* () {
      const store = yield* storeOf(plan)
      const ledger = yield* Ledger.make(store, all_vocabularies)
      return witnessed(ledger, witness, process.name)
    })

  const startServer: Start = (process, resident) =>
    Effect.gen(function* () {
      const ledger = yield* openLedger(process)
      resident.ledger = ledger
      server.current = { process, ledger }
      loop.tell(process.name, "is open")
      return yield* Effect.never
    }).pipe(Effect.scoped, Effect.provide(machine.hostOf(process)))

  const startLocal: Start = (process, resident) =>
    Effect.gen(function* () {
      const ledger = yield* openLedger(process)
      resident.ledger = ledger
      const here = Layer.succeed(Ledger, ledger)
      const parts = Layer.mergeAll(
        layerLedgerQueue({ jobspec, actor: process.name }).pipe(Layer.provide(here)),
        here,
        layerDataPlane({ root: data_root }),
        layerFileHolds({ root: holds_root, who: process.name }),
        agents.layer(),
      )
      const worker_ = runWorker({
        executors: { [job_type]: worker },
        settlement: settler,
        slots: 2,
        ...terms,
        observe: observer(process.name),
      })
      return yield* Effect.provide(worker_, parts)
    }).pipe(Effect.scoped, Effect.provide(machine.hostOf(process)))

  const startRemote: Start = (process) => {
    const ledger = Layer.succeed(Ledger, remoteLedger(process, network, server))
    return Effect.provide(
      runWorker({ executors: { [job_type]: worker }, slots: 2, ...terms, observe: observer(process.name) }),
      layerLedgerQueue({ jobspec, actor: process.name }).pipe(
        Layer.provide(ledger),
        Layer.provide(machine.entropyOf(process)),
      ),
    )
  }

  const startClient: Start = (process, resident) =>
    Effect.map(
      runClient(
        { who: process.name, ledger: remoteLedger(process, network, server), witness, now_ms: () => loop.now_ms },
        intents,
      ),
      () => {
        resident.isDone = true
      },
    )

  const starts = { server: startServer, local: startLocal, remote: startRemote, client: startClient }
  const names = (kind: Resident["kind"], count: number) =>
    Array.from({ length: count }, (_, i): Resident => ({
      name: `${kind}-${i + 1}`,
      kind,
      process: undefined,
      isDone: false,
      ledger: undefined,
    }))
  const residents = [
    ...names("server", 1),
    ...names("local", plan.localWorkers),
    ...names("remote", plan.remoteWorkers),
    ...names("client", plan.clients),
  ]
  const walls = new Map<string, WallClock>()
  const wallOf = ({ kind, name }: Resident): WallClock => {
    // A worker elsewhere asks a queue that goes by the server's clock.
    if (kind !== "client") return machine.wall
    const known = walls.get(name) ?? { offset_ms: random.between(-5_000, 5_000) }
    walls.set(name, known)
    return known
  }

  const startAgain = (resident: Resident): void => {
    loop.after(20 + random.unit() * restart_ms_max, undefined, () => {
      if (!isClosed && !resident.isDone && resident.process === undefined) start(resident)
    })
  }
  const start = (resident: Resident): void => {
    const process = spawn(resident.name, wallOf(resident))
    resident.process = process
    loop.tell(process.name, "starts")
    process.onKill(() => {
      if (server.current?.process === process) server.current = undefined
      if (resident.process !== process) return
      loop.tell(process.name, "is killed")
      resident.process = undefined
      resident.ledger = undefined
      startAgain(resident)
    })
    process.run(starts[resident.kind](process, resident), (exit: Exit.Exit<void, unknown>) => {
      if (exit._tag === "Success") return
      loop.tell(process.name, `fails: ${exit.cause.reasons.map(({ _tag }) => _tag).join(" ")}`)
      for (const reason of exit.cause.reasons)
        if (reason._tag === "Die") witness.faults.push(`${process.name} died of ${String(reason.defect)}`)
      process.kill()
    })
  }
  for (const resident of residents) start(resident)

  return {
    loop,
    machine,
    network,
    witness,
    agents,
    residents,
    spawn,
    kill: ({ process }) => process?.kill(),
    cutPower: () => {
      loop.tell("machine", "power is cut")
      for (const resident of residents)
        if (resident.kind === "server" || resident.kind === "local") resident.process?.kill()
      agents.cutPower()
      machine.cutPower()
    },
    close: () => {
      isClosed = true
    },
  }
}
