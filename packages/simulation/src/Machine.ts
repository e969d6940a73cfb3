/**
 * The machine that has the ledger: one disk, and the processes that share it. Fault model of the disk: operations take time
 * and are done at some moment of it; they fail; a write leaves a part of its bytes; a flush fails and makes nothing durable.
 * When the power is cut, what was not flushed is gone, or any part of what was written to the end of a file is left.
 *
 * @module
 */
import { Entropy, type Fault, type FileOperation, type Files, layerFaultyFiles, makeMemoryFiles } from "@waybill/host"
import { Effect, Layer } from "effect"
import type { Loop } from "./Loop.ts"
import type { FaultKind, Plan } from "./Plan.ts"
import type { Process, WallClock } from "./Process.ts"
import { Random } from "./Random.ts"

const changes: ReadonlySet<FileOperation> = new Set(["write", "truncate", "flush", "rename", "link", "unlink"])

const kindOf = ({ kind }: Fault, operation: FileOperation): FaultKind =>
  kind === "short" ? "short-write" : operation === "flush" ? "flush-error" : "disk-error"

export const makeMachine = (loop: Loop, plan: Plan) => {
  const { disk, layer, process: attach } = makeMemoryFiles()
  const random = Random.of(plan.seed, "disk")
  const wall: WallClock = { offset_ms: 0 }
  let isHealed = false

  const pass = (process: Process, ms: number): Effect.Effect<void> =>
    Effect.callback<void>((resume) => {
      loop.after(ms, process, () => resume(Effect.void))
    })

  const failureOf = (operation: FileOperation): Fault | undefined => {
    if (isHealed) return undefined
    const code = random.chance(0.5) ? "EIO" : "ENOSPC"
    if (operation === "write" && random.chance(plan.short_write))
      return { kind: "short", code, bytes: random.between(0, 200) }
    if (operation === "flush" && random.chance(plan.flush_error)) return { kind: "fail", code: "EIO" }
    return random.chance(plan.disk_error) ? { kind: "fail", code: changes.has(operation) ? code : "EIO" } : undefined
  }

  /** The disk as a process has it: slow, and unsound until it is healed. */
  const filesOf = (process: Process, isFaulty: boolean): Layer.Layer<Files> => {
    const attached = attach()
    process.onKill(attached.kill)
    if (!isFaulty) return attached.layer
    const dies_at =
      plan.kill_at_operation > 0 && random.chance(0.7) ? random.between(1, plan.kill_at_operation) : undefined
    return layerFaultyFiles(attached.layer, (operation, path, nth) => {
      if (nth === dies_at && !isHealed) {
        loop.meet("kill-at-operation", process.name, `dies at its operation ${nth}: ${operation} ${path}`)
        loop.soon(undefined, () => process.kill())
        return { kind: "hang" }
      }
      const failure = failureOf(operation)
      const isChange = changes.has(operation)
      if (failure !== undefined)
        loop.meet(kindOf(failure, operation), process.name, `${operation} ${path}: ${failure.kind}`)
      else if (isChange) loop.tell(process.name, `${operation} ${path}`)
      if (!isChange && !(plan.disk_ms > 0 && random.chance(0.1))) return failure
      const whole_ms = 0.05 + random.unit() * (isHealed ? 0 : plan.disk_ms)
      const before_ms = whole_ms * random.unit()
      return {
        kind: "wait",
        until: pass(process, before_ms),
        ...(failure === undefined ? {} : { meets: failure }),
        after: pass(process, whole_ms - before_ms),
      }
    })
  }

  const entropyOf = (process: Process): Layer.Layer<Entropy> =>
    Layer.succeed(Entropy, {
      hex: (count) =>
        Effect.sync(() => {
          let text = ""
          for (let i = 0; i < count; i++) text += (process.random.bits() & 0xff).toString(16).padStart(2, "0")
          return text
        }),
    })

  return {
    disk,
    wall,
    /** The disk as nobody's, without faults. */
    layer,
    entropyOf,
    hostOf: (process: Process, isFaulty = true) => Layer.mergeAll(filesOf(process, isFaulty), entropyOf(process)),
    cutPower: (): void => {
      disk.crash((_path, durable, content) => {
        const grew = content.byteLength - durable.byteLength
        if (!plan.isPowerTorn || grew <= 0 || !random.chance(0.7)) return durable
        const left = content.slice(0, durable.byteLength + random.between(0, grew))
        // A file that grew before its bytes were written shows zeroes there.
        if (random.chance(0.2)) left.fill(0, Math.max(durable.byteLength, left.byteLength - 16))
        loop.meet("torn-power", "machine", `${left.byteLength - durable.byteLength} of ${grew} bytes are left`)
        return left
      })
    },
    heal: () => {
      isHealed = true
    },
  }
}

export type Machine = ReturnType<typeof makeMachine>
