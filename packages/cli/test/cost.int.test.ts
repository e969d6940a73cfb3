/** What a question costs, in records that are read for it. */
import { submitSettlement, vocabularies } from "@waybill/jobspec"
import { Decider, Ledger, type Page, type Store } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Jobs, jobStatus, recording, recordingOf, Settlement, WorkspaceJob } from "@waybill/workspace-job"
import { Effect, Result } from "effect"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { expect, it } from "vitest"
import { placeOf } from "../src/Place.ts"
import { jobSpecOf } from "../src/jobs/JobSpecHere.ts"
import { listed } from "../src/jobs/listJobs.ts"
import { attemptsOf } from "../src/settling/Attempts.ts"
import { explainRun } from "../src/settling/explain.ts"

const place = placeOf({ root: mkdtempSync(`${tmpdir()}/waybill-cost-`) }, {})
const jobs = 40
const origin = { actor: "a test", requestId: "req-1" }
const jobspec = jobSpecOf()

/** Jobs of every kind, of which every third has failed and every fourth is in the queue. */
const fill = (store: Store) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger.make(store, [WorkspaceJob, ...vocabularies])
    for (let n = 0; n < jobs; n++) {
      const names = {
        runId: `run-${n}`,
        idempotencyKey: `key-${n}`,
        requestedBy: "a test",
        terminalSchemaId: "text/v1",
      }
      const request = Result.getOrThrow(Settlement.request(names))
      if (n % 4 === 0) {
        const {
          idempotencyKey: idempotency_key,
          requestedBy: requested_by,
          runId: job_id,
          terminalSchemaId: schema,
        } = names
        const submit = { ...submitSettlement({ job_id, idempotency_key, schema, requested_by }), request_id: "req-1" }
        yield* ledger.transactAll([Decider.step(jobspec.queue, submit)], origin)
      }
      const [requested] = yield* ledger.transact(recordingOf(request), request, origin)
      const failure = { phase: "submit", code: "workspace_job.submit.tool_error", reason: "tool_error" } as const
      if (n % 3 === 0) yield* ledger.transact(recording, Result.getOrThrow(Settlement.fail(requested, failure)), origin)
    }
    return ledger
  })

/** A store that tells which records it handed out. */
const watched = (inner: Store) => {
  const given: Array<string> = []
  const tell = (page: Page) => {
    given.push(...page.events.map(({ event_id }) => event_id))
    return page
  }
  const { foldAfter } = inner
  const store: Store = {
    ...inner,
    readAfter: (position, limit) => Effect.map(inner.readAfter(position, limit), tell),
    readBefore: (position, limit) => Effect.map(inner.readBefore(position, limit), tell),
    readStream: (jobId, position, limit) => Effect.map(inner.readStream(jobId, position, limit), tell),
    ...(foldAfter === undefined
      ? {}
      : { foldAfter: (position: number, limit: number) => Effect.map(foldAfter(position, limit), tell) }),
  }
  return { store, given }
}

const scenario = <A, E>(ask: (store: Store) => Effect.Effect<A, E>) =>
  Effect.runPromise(
    Effect.scoped(Effect.flatMap(makeMemoryStore(), (store) => Effect.andThen(fill(store), ask(store)))),
  )

it("a question about one run costs that run's facts, and is answered as by whoever knows all", () =>
  scenario((inner) =>
    Effect.gen(function* () {
      const { given, store } = watched(inner)
      const ledger = yield* Ledger.make(inner, [WorkspaceJob, ...vocabularies])
      for (let n = 0; n < jobs; n++) {
        given.length = 0
        const told = yield* explainRun(store, `run-${n}`, place)
        expect(given.length).toBeGreaterThan(0)
        expect(given.every((id) => id.includes(`_run-${n}_`))).toBe(true)
        const known = yield* ledger.query(Jobs, (view) => ({
          status: jobStatus(view, `run-${n}`).status,
          attempts: attemptsOf(view.get(`run-${n}`)),
          anomalies: view.anomalies(`run-${n}`),
        }))
        expect(told?.told).toMatchObject(known)
      }
      given.length = 0
      expect(yield* explainRun(store, "nobody", place)).toBeUndefined()
      expect(given).toEqual([])
    }).pipe(Effect.scoped),
  ))

it("a list of all jobs reads every record once, and the first one when the ledger is opened", () =>
  scenario((inner) =>
    Effect.gen(function* () {
      const { given, store } = watched(inner)
      const all = yield* listed(Effect.succeed(store), undefined, place)
      expect(all.map(({ job_id }) => job_id).toSorted()).toEqual(
        Array.from({ length: jobs }, (_, n) => `run-${n}`).toSorted(),
      )
      const { events } = yield* inner.readAfter(0, 10_000)
      expect(given).toHaveLength(1 + events.length)
      expect(new Set(given).size).toBe(events.length)
    }),
  ))
