import { makeMemoryStore } from "@waybill/ledger-store"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { streamOf } from "../src/jobs/askJob.ts"

const event = (position: number) => ({
  position,
  schema_version: 1 as const,
  event_id: `evt_${position}`,
  request_id: "req",
  job_id: "a",
  event_type: "note.written",
  occurred_at: "2026-01-02T03:04:05Z",
  actor: "test",
  payload: {},
})

it("a job's facts are read to the last, also behind a page of which every record is damaged", async () => {
  const store = await Effect.runPromise(makeMemoryStore())
  const pages = new Map([
    [0, { events: [event(1)], covers: 4 }],
    [4, { events: [], covers: 8 }],
    [8, { events: [event(9)], covers: 10 }],
  ])
  const readStream = (_: string, after: number) =>
    Effect.succeed({ generation: 0, ...(pages.get(after) ?? { events: [], covers: after }) })
  const found = await Effect.runPromise(streamOf({ ...store, readStream }, "a"))
  expect(found.map(({ position }) => position)).toEqual([1, 9])
})
