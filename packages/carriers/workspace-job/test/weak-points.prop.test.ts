/** Ways in which such a system was seen to fail, each with the safe outcome that it has here. */
import {
  eventId,
  Fold,
  foldAll,
  type InvalidFact,
  isRecordedFact,
  job_id_bytes_max,
  type RecordedEvent,
  type View,
} from "@waybill/ledger"
import { recordedEvents } from "@waybill/ledger/testing"
import { Result } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { vocabulary } from "../src/Facts.ts"
import {
  AlreadySettled,
  attemptOf,
  attemptStatus,
  byIdempotencyKey,
  type Job,
  Jobs,
  jobStatus,
  KeyTaken,
  type NewJobFact,
  recording,
  RunTaken,
  Settlement,
  StaleAttempt,
  WorkspaceJob,
} from "../src/index.ts"
import {
  accept,
  attemptFrom,
  firstAttempt,
  issuesOf,
  jobRequest,
  recordedAt,
  reject,
  requestedAt,
} from "./support/attempts.ts"
import { artifact, foldOf, makeStory, statusOf, told } from "./support/story.ts"

const refusalOf = (view: View<Job>, fact: NewJobFact) => {
  const decided = recording.decide(view, fact)
  return Result.isFailure(decided) ? decided.failure : undefined
}
const attempt = firstAttempt()
const rejected = recordedAt(7, reject(attempt.finalized))
const rejectedJob = [...Object.values(attempt), rejected]
const verifiedJob = [...Object.values(attempt), recordedAt(7, accept(attempt.finalized))]

describe("[W-07] a repair key that another run holds leaks nothing of that run", () => {
  it("no base key may look like a repair attempt's", () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.nat(), (key, index) => {
        expect(issuesOf(Settlement.request({ ...jobRequest, idempotencyKey: `${key}:repair:${index}` }))).not.toEqual(
          [],
        )
      }),
      { numRuns: 2000 },
    ))
  it("where a foreign ledger has one all the same, the repair is refused by name, and the job stays what it is", () => {
    const foreign = recordedEvents(
      [
        {
          event_type: "workspace_job.requested",
          job_id: "run-2",
          payload: { runId: "run-2", idempotencyKey: "create-1:repair:2", requestedBy: "x", terminalSchemaId: "v1" },
        },
      ],
      { after: 7 },
    )
    const view = foldAll(Jobs, [...rejectedJob, ...foreign])
    const repair = Result.getOrThrow(Settlement.repair(attempt.requested, rejected))
    expect(refusalOf(view, repair)).toMatchObject({ _tag: "KeyTaken", heldByRunId: "run-2" })
    expect(jobStatus(view, "run-1")).toMatchObject({ status: "verifier_rejected", runId: "run-1" })
  })
})

describe("[W-09] what is settled is not opened again", () => {
  it("a new key for a verified run is refused", () => {
    const again = Result.getOrThrow(Settlement.request({ ...jobRequest, idempotencyKey: "create-2" }))
    expect(refusalOf(foldAll(Jobs, verifiedJob), again)).toEqual(
      new RunTaken({ runId: "run-1", idempotencyKey: "create-1" }),
    )
  })
  it("a request that somebody recorded all the same hides nothing", () => {
    const late = requestedAt(8, { idempotencyKey: "create-2" })
    const view = foldAll(Jobs, [...verifiedJob, late])
    expect(jobStatus(view, "run-1")).toMatchObject({ status: "verified", requestedEventId: attempt.requested.event_id })
    expect(view.anomalies("run-1").map(({ code }) => code)).toEqual(["settled_run"])
  })
})

it("[W-10] job and attempt agree which of two ends counts: the first", () => {
  const ends = ["verified", "verifier_rejected", "failed"] as const
  for (const first of ends)
    for (const second of ends) {
      const story = told((story) => {
        story.request()
        story.upToFinalized()
        story.proper(first, second)
      })
      const { requestedEventId } = foldOf(story).get("run-1")!.current
      expect([statusOf(story), attemptStatus(foldOf(story), "run-1", requestedEventId).status]).toEqual([first, first])
    }
})

describe("[W-13] references are whole, and checked against what they refer to", () => {
  it("no two facts of a ledger have one id, and the longest id there can be is a reference", () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.string(), fc.string(), fc.integer({ min: 1 })),
        fc.tuple(fc.string(), fc.string(), fc.integer({ min: 1 })),
        (a, b) => {
          fc.pre(a[2] !== b[2])
          expect(eventId(...a)).not.toBe(eventId(...b))
        },
      ),
      { numRuns: 2000 },
    )
    const runId = "r".repeat(job_id_bytes_max)
    const longest = requestedAt(Number.MAX_SAFE_INTEGER, { runId })
    expect(issuesOf(Settlement.seed(longest, []))).toEqual([])
  })
  it("one changed digit of a digest, anywhere, and the verdict does not join", () => {
    for (let digit = 0; digit < 64; digit++) {
      const at = "sha256:".length + digit
      const sha256 = `${artifact.sha256.slice(0, at)}b${artifact.sha256.slice(at + 1)}`
      const story = told((story) => {
        story.request()
        story.proper("artifact_readback_verified")
        story.step("terminal_finalized", { terminalArtifact: { ...artifact, sha256 } })
        story.step("verified")
      })
      expect(statusOf(story)).toBe("running")
    }
  })
})

it("[W-14] a verdict of another run, attempt or key is none", () => {
  const story = told((story) => {
    story.request()
    story.upToFinalized()
  })
  const [own] = story.events
  for (const fields of [{ runId: "run-2" }, { requestedEventId: "e9" }, { idempotencyKey: "create-2" }])
    story.step("verified", fields)
  expect([own?.job_id, statusOf(story), foldOf(story).anomalies("run-1").length]).toEqual(["run-1", "running", 3])
  story.step("verified")
  expect(statusOf(story)).toBe("verified")
})

describe("[W-15] a reference that dangles is not recorded", () => {
  const nobody = attemptFrom(requestedAt(50, { runId: "run-9" }))
  const made: ReadonlyArray<Result.Result<NewJobFact, InvalidFact>> = [
    Settlement.seed(nobody.requested, []),
    Settlement.build(nobody.requested, nobody.built.payload),
    Settlement.write(nobody.built, { ...artifact }),
    Settlement.readBack(nobody.written, { ...artifact, artifactRef: nobody.written.payload.artifactRef }),
    Settlement.finalize(nobody.requested, nobody.readback),
    Settlement.settle(nobody.finalized, { ok: false, checks: [], reason: "" }),
    Settlement.fail(nobody.requested, { phase: "seed", code: "c", reason: "r" }),
    Settlement.repair(nobody.requested, recordedAt(57, reject(nobody.finalized))),
  ]
  const facts = made.map((fact) => Result.getOrThrow(fact))
  it.each(facts.map((fact) => [fact.event_type, fact] as const))("%s of a run that is not there", (_, fact) =>
    expect(refusalOf(foldAll(Jobs, rejectedJob), fact)).toBeInstanceOf(StaleAttempt),
  )
  it("nor is one that leads to an attempt that has ended", () =>
    expect(
      refusalOf(foldAll(Jobs, rejectedJob), Result.getOrThrow(Settlement.seed(attempt.requested, []))),
    ).toBeInstanceOf(AlreadySettled))
})

type Make = (jobId: string, payload: unknown) => Result.Result<object, InvalidFact>

describe("[W-16] what a reader takes, a constructor would have made", () => {
  const said = told((story) => {
    story.request()
    story.upToFinalized()
    story.step("failed")
  }).events
  const odd = fc.oneof(
    fc.constantFrom<unknown>("", " ", 0, -1, 0.5, 1e300, null, true, "sha256:junk", [], {}, "\ud800", "x".repeat(2000)),
    fc.jsonValue(),
  )
  it("for any value in the place of any field", () => {
    let differing = 0
    fc.assert(
      fc.property(fc.constantFrom(...said), fc.nat(), odd, (event, at, value) => {
        const names = Object.keys(event.payload)
        const payload = { ...event.payload, [names[at % names.length] ?? ""]: value }
        const name = event.event_type.slice("workspace_job.".length) as keyof typeof vocabulary.facts
        const made = (vocabulary.facts[name].make as Make)("run-1", payload)
        const read = WorkspaceJob.decode({ ...event, payload } as RecordedEvent)
        // A reader keeps fields that it does not know; beyond that there is no difference.
        const isExtra = issuesOf(made).every((issue) => issue.endsWith("Expected no excess property"))
        if (Result.isFailure(made) && !isExtra) differing++
        expect(isRecordedFact(read)).toBe(Result.isSuccess(made) || isExtra)
      }),
      { numRuns: 2000 },
    )
    expect(differing).toBeGreaterThan(500)
  })
  it("a request whose attempt data is malformed is none, and least of all a first attempt", () => {
    const story = told(
      (story) => void story.request({ attempt: { index: 2, maxAttempts: 3, cause: "verifier_repair" } }),
    )
    expect([statusOf(story), foldOf(story).skipped.malformed]).toEqual(["missing", 1])
  })
})

describe("[W-17] every chain of repairs ends", () => {
  it("a budget that is no number of attempts is refused", () => {
    for (const maxAttempts of [Number.NaN, Infinity, -Infinity, 0, -3, 2.5])
      expect(issuesOf(Settlement.request({ ...jobRequest, maxAttempts }))).not.toEqual([])
  })
  it("and any other allows so many attempts, and no more", () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), (maxAttempts) => {
        let requested = requestedAt(1, { maxAttempts })
        for (let made = 1; ; made++) {
          expect(attemptOf(requested.payload).index).toBe(made)
          const end = recordedAt(requested.position + 6, reject(attemptFrom(requested).finalized))
          const next = Settlement.repair(requested, end)
          if (Result.isFailure(next)) {
            expect(made).toBe(maxAttempts)
            return
          }
          requested = recordedAt(requested.position + 7, next)
        }
      }),
    ))
})

describe("[W-18] the budget is the job's, not the caller's", () => {
  it("asking again with another one changes nothing", () => {
    const again = Result.getOrThrow(Settlement.request({ ...jobRequest, maxAttempts: 9 }))
    expect(refusalOf(foldAll(Jobs, rejectedJob), again)).toBeInstanceOf(KeyTaken)
  })
  it("a repair that brings its own is no attempt", () => {
    for (const maxAttempts of [2, 9]) {
      const story = told((story) => {
        story.request()
        story.upToFinalized()
        const repairOfRequestedEventId = story.ref()["requestedEventId"]
        story.step("verifier_rejected")
        story.repair(2, { attempt: { index: 2, maxAttempts, cause: "verifier_repair", repairOfRequestedEventId } })
      })
      expect(jobStatus(foldOf(story), "run-1")).toMatchObject({ status: "verifier_rejected", attemptsLeft: 2 })
    }
  })
})

describe("[W-28] a question costs what it is about", () => {
  const runs = 10_000
  const events: ReadonlyArray<RecordedEvent> = Array.from({ length: runs }, (_, i) => {
    const story = makeStory(`run-${i}`, `create-${i}`)
    story.request()
    story.step("failed")
    return story.events
  })
    .flat()
    .map((event, i) => ({ ...event, position: i + 1 }))

  it("ten thousand runs are folded and listed in one pass, each fact looked at once", () => {
    let looks = 0
    const counting: typeof Jobs = {
      ...Jobs,
      evolve: (job, fact, report) => {
        looks++
        return Jobs.evolve(job, fact, report)
      },
    }
    const fold = new Fold(counting).applyAll(events)
    expect(looks).toBe(events.length)
    const listed = [...fold.entries()].map(([runId]) => jobStatus(fold, runId).status)
    expect([listed.length, looks]).toEqual([runs, events.length])
  })

  it("a question about one run looks at that run, and a key at its holder", () => {
    const asked: Array<string> = []
    class Watched extends Fold<Job> {
      override get(key: string): Job | undefined {
        asked.push(key)
        return super.get(key)
      }
      override entries(): never {
        return expect.fail("looked at every run")
      }
      override anomalous(): never {
        return expect.fail("looked at every anomaly")
      }
    }
    const watched = new Watched(Jobs).applyAll(events)
    asked.length = 0
    expect(jobStatus(watched, "run-77").status).toBe("failed")
    expect(byIdempotencyKey(watched, "create-99")).toMatchObject({ status: "found", runId: "run-99" })
    expect(asked).toEqual(["run-77", "run-99"])
  })
})
