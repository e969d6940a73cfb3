/**
 * Fault model: one file of a ledger that nobody has open lies under the name of another, exchanged with it or copied over it, as
 * when a backup is put back by hand.
 */
import { type Files, makeMemoryFiles, type MemoryDisk } from "@waybill/host"
import { Effect, type Layer, type Scope } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import { chainHead, compressArchives, makeJsonlStore, repairLedger, verifyLedger } from "../src/index.ts"
import { folder } from "./support/simulated.ts"
import { brief, collect, ledgerOver, origin, write, written } from "./support/texts.ts"

const open = Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes: 900, compress: false }), ledgerOver)
const jobs = ["j0", "j1", "j2", "j3"]

const on = <A>(layer: Layer.Layer<Files>, run: Effect.Effect<A, unknown, Files | Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(Effect.provide(run, layer)))

/** Several files, single facts and batches of several jobs. */
const build = async (isPacked: boolean) => {
  const { disk, layer } = makeMemoryFiles()
  const grow = Effect.gen(function* () {
    const ledger = yield* open
    for (let i = 1; i <= 22; i++) {
      if (i % 5 === 0)
        yield* ledger.append(
          jobs.map((job) => written(job, `batch ${i}`)),
          origin("req"),
        )
      else yield* write(ledger, jobs[(i * 7) % 4] ?? "j0", `n${i}`)
      if (i === 9 && isPacked) yield* compressArchives("/r")
    }
  })
  await on(layer, grow)
  return { disk, layer }
}

const filesOf = (disk: MemoryDisk, only: RegExp) =>
  disk.files(folder).filter((path) => !path.endsWith(".lock") && only.test(path))

const told = Effect.gen(function* () {
  const read = yield* Effect.result(Effect.flatMap(open, (ledger) => collect(ledger.read())))
  const back = yield* Effect.result(Effect.flatMap(open, (ledger) => collect(ledger.readBackwards())))
  const streams = yield* Effect.forEach(jobs, (job) =>
    Effect.result(
      Effect.flatMap(open, (ledger) => collect(ledger.readStream(job))).pipe(
        Effect.timeout("20 seconds"),
        Effect.catchTag("TimeoutError", () => Effect.die(`the stream of ${job} does not end`)),
      ),
    ),
  )
  // A store that knows all jobs already reads the same.
  const whole = yield* Effect.flatMap(open, (ledger) =>
    Effect.andThen(
      Effect.result(collect(ledger.read())),
      Effect.forEach(jobs, (job) => Effect.result(collect(ledger.readStream(job)))),
    ),
  )
  return { read, back, streams: [...streams, ...whole] }
})

const mix = (disk: MemoryDisk, from: string, to: string, isCopy: boolean) => {
  const [a, b] = [disk.bytes(from) ?? new Uint8Array(), disk.bytes(to) ?? new Uint8Array()].map((each) => each.slice())
  disk.overwrite(to, a ?? new Uint8Array())
  if (!isCopy) disk.overwrite(from, b ?? new Uint8Array())
}

const pair = fc.record({ from: fc.nat(), to: fc.nat(), isCopy: fc.boolean(), isPacked: fc.boolean() })

it("whichever file takes another's place, a job's stream is what reading everything tells of that job", () =>
  fc.assert(
    fc.asyncProperty(pair, fc.boolean(), async ({ from, isCopy, isPacked, to }, onlySeals) => {
      const { disk, layer } = await build(isPacked)
      const truth = (
        await on(
          layer,
          Effect.flatMap(open, (ledger) => collect(ledger.read())),
        )
      ).map(brief)
      const paths = filesOf(disk, onlySeals ? /\.seal$/u : /./u)
      const [a, b] = [paths[from % paths.length] ?? "", paths[to % paths.length] ?? ""]
      // An archive and its own seal in each other's place are two losses of one file's records.
      const isOneLoss = isCopy || a.split(".").at(-1) === b.split(".").at(-1)
      mix(disk, a, b, !isOneLoss || isCopy)
      const { back, read, streams } = await on(layer, told)
      const what = [isCopy || !isOneLoss ? "copied" : "exchanged", a, b]
      if (read._tag === "Failure") return
      const now = read.success.map(brief)
      // Behind the last row of the file that is appended to, no seal tells what was written.
      const isSealed = [a, b].every((path) => !path.endsWith("/ledger.jsonl"))
      if (isSealed) expect([what, now.filter((text) => !truth.includes(text))]).toEqual([what, []])
      if (back._tag === "Success") expect([what, back.success.map(brief).toReversed()]).toEqual([what, now])
      for (const [i, stream] of streams.entries()) {
        if (stream._tag === "Failure") continue
        const job = jobs[i % jobs.length]
        const wanted = read.success.filter(({ job_id }) => job_id === job).map(brief)
        expect([what, job, stream.success.map(brief)]).toEqual([what, job, wanted])
      }
    }),
    { numRuns: Number(process.env["RUNS"] ?? 30) },
  ))

it.each([true, false])(
  "a seal of another file is none: it is named, nothing is lost or appended, and repair makes it anew (of an archive: %j)",
  async (isArchive) => {
    const { disk, layer } = await build(false)
    const truth = (
      await on(
        layer,
        Effect.flatMap(open, (ledger) => collect(ledger.read())),
      )
    ).map(brief)
    const head = await on(layer, chainHead("/r"))
    const seals = filesOf(disk, /\.seal$/u)
    const [wrong, other] = [seals.at(isArchive ? 1 : -1) ?? "", seals[2] ?? ""]
    mix(disk, other, wrong, true)
    const { flaws } = await on(layer, verifyLedger({ root: "/r" }))
    const file = `seals/${wrong.split("/").at(-1)}`
    expect(flaws).toContainEqual(
      expect.objectContaining({ file, error: expect.stringMatching(/^it is of position \d+$/u) }),
    )
    const { read, streams } = await on(layer, told)
    expect(read._tag === "Success" ? read.success.map(brief) : read.failure).toEqual(truth)
    expect(streams.map(({ _tag }) => _tag)).toEqual(streams.map(() => "Success"))
    const { damage = [] } = await on(
      layer,
      Effect.flatMap(open, (ledger) => ledger.health),
    )
    expect(damage.map((each) => each.file)).toContain(file)
    const refused = await on(layer, Effect.flip(Effect.flatMap(open, (ledger) => write(ledger, "j0", "after"))))
    expect(String(refused)).toMatch(/nothing is appended before it is repaired/u)

    await on(layer, repairLedger({ root: "/r", actor: "a", requestId: "repair" }))
    const mended = await on(layer, verifyLedger({ root: "/r", expect: head === undefined ? [] : [head] }))
    expect(mended.flaws.filter(({ isAcknowledged }) => isAcknowledged !== true)).toEqual([])
    expect(mended.unsealed).toBe(0)
    await on(
      layer,
      Effect.flatMap(open, (ledger) => write(ledger, "j0", "after")),
    )
  },
)

it("a job more of whose records are damaged than a page holds is read on behind them", async () => {
  const { disk, layer } = makeMemoryFiles()
  const big = Effect.flatMap(makeJsonlStore({ root: "/r", rotate_bytes: 700_000, compress: false }), ledgerOver)
  await on(
    layer,
    Effect.flatMap(big, (ledger) =>
      Effect.forEach([1, 2, 3, 4, 5, 6], (round) =>
        ledger.append(
          Array.from({ length: 1000 }, (_, i) => written("j0", `${round} ${i}`)),
          origin(`req-${round}`),
        ),
      ),
    ),
  )
  const [archive = ""] = filesOf(disk, /ledger\.p\d+\.jsonl$/u)
  disk.overwrite(archive, new Uint8Array(disk.bytes(archive)?.byteLength ?? 0))
  const read = (
    await on(
      layer,
      Effect.flatMap(big, (ledger) => collect(ledger.read())),
    )
  ).map(brief)
  expect([read.length > 0 && read.length < 6000 - 1024, read.at(-1)]).toEqual([true, '6000 j0 {"text":"6 999"}'])
  const stream = (
    await on(
      layer,
      Effect.flatMap(big, (ledger) => collect(ledger.readStream("j0"))),
    )
  ).map(brief)
  expect(stream).toEqual(read)
})
