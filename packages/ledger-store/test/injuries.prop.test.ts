/**
 * Fault model: one injury or two to the files of a ledger that nobody has open. A byte becomes another one, a file is cut, be it
 * between two rows, emptied or taken away, or something is written behind its end. Among its archives may be one of the
 * reference daemon's that holds no record.
 */
import { Effect, Result } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import { chainHead, printHead, verifyLedger } from "../src/index.ts"

import { repairsAll, told } from "./support/afterRepair.ts"
import { build, type Injury, injure, injury, jobs, on, open } from "./support/injuries.ts"
import { folder } from "./support/simulated.ts"
import { brief, collect, write } from "./support/texts.ts"

const hurt = (file: number, kind: Injury["kind"], by = 1): Injury => ({ file, at: 0, kind, by, other: 0 })

it(
  "whatever one injury one file gets: verify says so or nothing that was acknowledged is different, and an append changes neither",
  () =>
    fc.assert(
      fc.asyncProperty(injury, fc.nat(2), async (what, forms) => {
        const ruin = await build(forms)
        const { layer } = ruin
        const read = Effect.flatMap(open, (ledger) => collect(ledger.read()))
        const truth = (await on(layer, read)).map(brief)
        const head = await on(layer, chainHead("/r"))
        const path = injure(ruin, what)
        const told = [what, path, head === undefined ? "" : printHead(head)]

        const verification = await on(layer, verifyLedger({ root: "/r" }))
        const isNamed = verification.flaws.length > 0 || verification.unsealed > 0
        const now = (await on(layer, read)).map(brief)
        // What can still be read is what was written, where it was written.
        expect([told, truth.filter((text) => now.includes(text))]).toEqual([told, now])
        if (!isNamed) expect([told, now]).toEqual([told, truth])

        const appended = await on(layer, Effect.result(Effect.flatMap(open, (ledger) => write(ledger, "j0", "after"))))
        const after = await on(layer, verifyLedger({ root: "/r" }))
        const then = (await on(layer, read)).map(brief).slice(0, now.length)
        expect([told, then]).toEqual([told, now])
        // An append never hides that something is gone or different.
        const isWhole = now.length === truth.length
        if (Result.isSuccess(appended) && !isWhole) expect([told, after.flaws.length > 0]).toEqual([told, true])
      }),
      { numRuns: Number(process.env["RUNS"] ?? 80) },
    ),
  120_000,
)

it(
  "whatever two injuries it gets: one repair lets appends go on, a second writes nothing, and neither changes what is read",
  () =>
    fc.assert(
      fc.asyncProperty(fc.tuple(injury, injury), fc.nat(5), (what, forms) =>
        repairsAll(what, forms, "and changes nothing"),
      ),
      {
        numRuns: Number(process.env["RUNS"] ?? 50),
        examples: [
          // Behind the row of a record that is gone stands what is no row: the chain goes on from that record all the same.
          [[hurt(6, "grow", 96), hurt(10, "empty")], 2],
          // What can be read of a job begins with its second record, whose row numbers it by the first.
          [[hurt(6, "empty"), hurt(8, "cut a little", 248)], 1],
          [[hurt(8, "remove"), hurt(6, "cut by rows", 7)], 3],
        ],
      },
    ),
  120_000,
)

it("a job is told as it is, also where its later records were numbered while its first ones could not be read", async () => {
  const { disk, layer } = await build(3)
  const archives = disk.files(folder).filter((path) => path.endsWith(".jsonl") && !path.endsWith("/ledger.jsonl"))
  const kept = archives.map((path) => [path, disk.bytes(path)?.slice() ?? new Uint8Array()] as const)
  for (const [path, bytes] of kept) disk.overwrite(path, new Uint8Array(bytes.byteLength))
  await on(
    layer,
    Effect.flatMap(open, (ledger) => write(ledger, "j2", "after")),
  )
  for (const [path, bytes] of kept) disk.overwrite(path, bytes)
  const { streams, up } = await on(layer, told)
  for (const [i, stream] of streams.entries()) {
    const job = jobs[i % jobs.length]
    expect([job, stream.map(brief)]).toEqual([job, up.filter(({ job_id }) => job_id === job).map(brief)])
  }
  expect(up.filter(({ job_id }) => job_id === "j2")).toHaveLength(3)
})
