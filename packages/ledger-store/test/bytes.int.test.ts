import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { ledgerOver, named, origin, write, written } from "./support/texts.ts"
import { file, folder, simulated, textOfBytes } from "./support/simulated.ts"

it("these facts at this time are these bytes", async () => {
  const { disk, open } = simulated()
  await Effect.runPromise(
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 0, 2, 3, 4, 5, 678))
      const ledger = yield* ledgerOver(yield* open)
      yield* write(ledger, "job-1", "ü <&> \u2028")
      yield* TestClock.adjust("1 second")
      yield* ledger.append([named("job-2", "n"), written("job-1", "")], origin("req-2"))
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer())),
  )
  expect(textOfBytes(disk.bytes(file))).toBe(
    [
      '{"schema_version":1,"event_id":"evt_note.written_job-1_000001","request_id":"req-write","job_id":"job-1","event_type":"note.written","occurred_at":"2026-01-02T03:04:05.678Z","actor":"test","payload":{"text":"ü \\u003c\\u0026\\u003e \\u2028"}}\n',
      '{"schema_version":1,"event_id":"evt_note.named_job-2_000002","request_id":"req-2","job_id":"job-2","event_type":"note.named","occurred_at":"2026-01-02T03:04:06.678Z","actor":"test","payload":{"name":"n"},"batch":[0,2]}\n',
      '{"schema_version":1,"event_id":"evt_note.written_job-1_000003","request_id":"req-2","job_id":"job-1","event_type":"note.written","occurred_at":"2026-01-02T03:04:06.678Z","actor":"test","payload":{"text":""},"batch":[1,2]}\n',
    ].join(""),
  )
  expect(disk.files("/r").toSorted()).toEqual([
    file,
    `${folder}/ledger.lock`,
    `${folder}/seals/format.json`,
    `${folder}/seals/p00000000000000000001.seal`,
  ])
})
