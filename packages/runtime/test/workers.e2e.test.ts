/** Workers as real processes on one ledger in files: asked to end, killed, stopped, and cancelled under. */
import { layerNodeEntropy, layerNodeFiles } from "@waybill/host"
import { vocabularies } from "@waybill/jobspec"
import { Ledger } from "@waybill/ledger"
import { makeJsonlStore } from "@waybill/ledger-store"
import { Effect, Layer } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { aliveIn, until } from "./support/agentLab.ts"
import { bundledProgram } from "./support/bundledProgram.ts"
import { cancel, jobNow, submit } from "./support/workplace.ts"

// Programs start as slowly as the machine is busy.
vi.setConfig({ testTimeout: 120_000 })

const program = await bundledProgram("workerProgram.ts")
let root = ""
const children: Array<ChildProcess> = []
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "waybill-workers-"))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL")
  rmSync(root, { recursive: true, force: true })
})

const onLedger = <A, E>(effect: Effect.Effect<A, E, Ledger>): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.provide(
        effect,
        Ledger.layer(makeJsonlStore({ root }), vocabularies).pipe(
          Layer.provide(Layer.mergeAll(layerNodeFiles, layerNodeEntropy)),
        ),
      ),
    ),
  )

interface Told {
  readonly kind: string
  readonly reason?: string
}

/** For a worker that shall lose its lease: it may also lose it when nothing is done to it, and claim the job anew. */
const brief = ["600000", "1000"]

/** A worker as a process, and what it tells. */
const start = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [program, root, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  children.push(child)
  const told: Array<Told> = []
  createInterface({ input: child.stdout }).on("line", (line) => told.push(JSON.parse(line)))
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
  const hears = (kind: string) => Effect.runPromise(until(() => told.some((event) => event.kind === kind)))
  return { child, told, ended, hears }
}
const kinds = (told: ReadonlyArray<Told>) => told.map(({ kind }) => kind)
const isWorking = () => Effect.runPromise(until(() => aliveIn(root).length > 0))
const letEnd = () => writeFileSync(join(root, "go"), "")

it("a worker that is asked to end finishes its work and is gone", async () => {
  await onLedger(submit("a"))
  const { child, ended, hears, told } = start()
  await isWorking()
  child.kill("SIGTERM")
  await hears("draining")
  letEnd()
  await ended
  expect(kinds(told)).toEqual(["claimed", "draining", "completed"])
  expect((await onLedger(jobNow("a")))?.status).toBe("completed")
})

it("a worker that cannot finish hands its job back and leaves no process behind", async () => {
  await onLedger(submit("a"))
  const { child, ended, told } = start("0")
  await isWorking()
  child.kill("SIGTERM")
  await ended
  expect(kinds(told)).toEqual(["claimed", "draining", "released"])
  expect(aliveIn(root)).toEqual([])
  expect((await onLedger(jobNow("a")))?.status).toBe("retry_waiting")
})

it("the job of a killed worker is another's when its lease has ended, and the command is gone with its worker", async () => {
  await onLedger(submit("a"))
  const one = start(...brief)
  await isWorking()
  one.child.kill("SIGKILL")
  await Effect.runPromise(until(() => aliveIn(root).length === 0))
  letEnd()
  const two = start()
  await two.hears("completed")
  expect(kinds(two.told)).toEqual(["claimed", "completed"])
  expect((await onLedger(jobNow("a")))?.attempt).toBeGreaterThan(1)
})

it("a worker that was stopped for longer than its lease gives its work up when it wakes, and works on", async () => {
  await onLedger(submit("a"))
  const one = start(...brief)
  await isWorking()
  one.child.kill("SIGSTOP")
  const two = start()
  await two.hears("claimed")
  one.child.kill("SIGCONT")
  await one.hears("lost")
  letEnd()
  await two.hears("completed")
  expect(one.told.filter(({ kind }) => kind === "completed")).toEqual([])
  two.child.kill("SIGTERM")
  await two.ended
  await onLedger(submit("b"))
  await one.hears("completed")
})

it("a job that is cancelled by another process is given up within a heartbeat", async () => {
  await onLedger(submit("a"))
  const { hears, told } = start()
  await isWorking()
  await onLedger(cancel("a"))
  await hears("lost")
  expect(told).toContainEqual({ kind: "lost", reason: "ended" })
  expect(aliveIn(root)).toEqual([])
})
