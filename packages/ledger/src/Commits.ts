/**
 * Group commit: whatever arrives while one group is being flushed goes out together with the next.
 *
 * Every request of a group is decided against the durable state plus what the group's earlier requests add. Nobody is
 * answered, not even with a refusal, before everything the answer rests on is durable.
 *
 * @module
 */
import { Clock, Deferred, Effect, Result, type Scope, Semaphore } from "effect"
import { type AppendError, Conflict, FactTooLarge, InvalidAppend } from "./Errors.ts"
import { type Fact, isFact } from "./Fact.ts"
import type { JsonObject } from "./Json.ts"
import { eventId, line_bytes_max, type RecordedEvent, refuseRequestId, utf8Bytes } from "./LedgerEvent.ts"
import { encodeLine } from "./Line.ts"
import { type Branches, erase, type LiveFolds } from "./LiveFolds.ts"
import type { NewRecord, Session, Store } from "./Store.ts"
import type { Streams } from "./Streams.ts"
import { formatTime } from "./Time.ts"

/** Who appends, and on whose request. */
export interface Origin {
  readonly actor: string
  readonly requestId: string
}

/** `job_id → position of its last fact`, 0 for a job that has none. */
export type Expected = Readonly<Record<string, number>>

type AnyFact = Fact<string, unknown>
type Planned<E> = Result.Result<ReadonlyArray<AnyFact>, E>

/** One request: what to append is decided inside the group, when everything before it is known. */
export interface Request<E> {
  readonly origin: Origin
  readonly plan: (branches: Branches) => Planned<E>
}

export const batch_facts_max = 1000
/** How many requests one group takes: bounds the memory of a group and the wait of the first in it. */
const group_requests_max = 1024
/** How many requests may wait; beyond it, callers wait for their turn to wait. */
const waiting_requests_max = 16_384

interface Waiting {
  readonly request: Request<unknown>
  readonly answer: Deferred.Deferred<ReadonlyArray<RecordedEvent>, unknown>
}

/** Where every fact's stream and unique key stand, as the group sees them. */
export const checkConditions = (
  branches: Branches,
  streams: Streams,
  facts: ReadonlyArray<AnyFact>,
  expected: Expected,
): Conflict | undefined => {
  const ends = branches.of(erase(streams))
  for (const [job_id, position] of Object.entries(expected)) {
    const end = ends.get(job_id)
    const actual = typeof end === "number" ? end : 0
    if (actual !== position) return new Conflict({ job_id, because: { kind: "position", expected: position, actual } })
  }
  const own = new Set<string>()
  for (const { event_type, job_id, unique } of facts) {
    if (unique === undefined) continue
    const held_by = ends.holder(event_type, unique.value)?.event_id
    const isRepeated = own.has(`${event_type} ${unique.value}`)
    if (held_by !== undefined || isRepeated)
      return new Conflict({
        job_id,
        because: {
          kind: "unique_key",
          event_type,
          value: unique.value,
          held_by: held_by ?? "another fact of the same batch",
        },
      })
    own.add(`${event_type} ${unique.value}`)
  }
  return undefined
}

const refuse = (facts: ReadonlyArray<AnyFact>, { actor, requestId }: Origin): InvalidAppend | undefined => {
  const because = (reason: string) => new InvalidAppend({ reason })
  if (!facts.every(isFact)) return because("only facts made by a vocabulary's constructor can be appended")
  if (facts.length > batch_facts_max)
    return because(`a batch holds at most ${batch_facts_max} facts, not ${facts.length}`)
  if (actor.trim() === "" || !actor.isWellFormed()) return because("actor is required")
  const badRequest = refuseRequestId(requestId)
  return badRequest === undefined ? undefined : because(`request_id ${badRequest}`)
}

/** Gives a batch its positions, ids, time and lines. */
const stamp = (
  facts: ReadonlyArray<AnyFact>,
  { actor, requestId }: Origin,
  after: number,
  now_ms: number,
): Result.Result<ReadonlyArray<NewRecord>, FactTooLarge> => {
  const occurred_at = formatTime(now_ms)
  const records: Array<NewRecord> = []
  for (const [index, { event_type, job_id, payload }] of facts.entries()) {
    const position = after + index + 1
    const event: RecordedEvent = {
      position,
      schema_version: 1,
      event_id: eventId(event_type, job_id, position),
      request_id: requestId,
      job_id,
      event_type,
      occurred_at,
      actor,
      payload: payload as JsonObject,
      ...(facts.length > 1 ? { batch: [index, facts.length] as const } : {}),
    }
    const line = encodeLine(event)
    if (line.length > line_bytes_max / 3) {
      const bytes = utf8Bytes(line) + 1
      if (bytes > line_bytes_max)
        return Result.fail(new FactTooLarge({ event_type, job_id, bytes, bytes_max: line_bytes_max }))
    }
    records.push({ event, line })
  }
  return Result.succeed(records)
}

export interface Commits {
  /** Decides and appends; returns once the facts, and all they rest on, are durable. */
  readonly submit: <E>(request: Request<E>) => Effect.Effect<ReadonlyArray<RecordedEvent>, E | AppendError>
}

export const makeCommits = (
  store: Store,
  folds: LiveFolds,
  streams: Streams,
  exclusive: Semaphore.Semaphore,
  onCommitted: (position: number) => void,
): Effect.Effect<Commits, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const room = yield* Semaphore.make(waiting_requests_max)
    const queue: Array<Waiting> = []
    let isRunning = false

    const planGroup = (group: ReadonlyArray<Waiting>, session: Session, now_ms: number) => {
      const branches = folds.branch()
      const batches: Array<ReadonlyArray<NewRecord>> = []
      const answers: Array<() => Effect.Effect<unknown>> = []
      let head = session.head
      for (const { request, answer } of group) {
        const failWith = (error: unknown) => answers.push(() => Deferred.fail(answer, error))
        const planned = request.plan(branches)
        if (Result.isFailure(planned)) {
          failWith(planned.failure)
          continue
        }
        const facts = planned.success
        const refusal = refuse(facts, request.origin) ?? checkConditions(branches, streams, facts, {})
        if (refusal !== undefined) {
          failWith(refusal)
          continue
        }
        const stamped = stamp(facts, request.origin, head, now_ms)
        if (Result.isFailure(stamped)) {
          failWith(stamped.failure)
          continue
        }
        const records = stamped.success
        if (records.length > 0) {
          batches.push(records)
          head += records.length
          for (const { event } of records) branches.apply(event)
        }
        answers.push(() =>
          Deferred.succeed(
            answer,
            records.map(({ event }) => event),
          ),
        )
      }
      return { branches, batches, answers, head }
    }

    const commitGroup = (group: ReadonlyArray<Waiting>) =>
      store
        .commit((session) =>
          Effect.gen(function* () {
            yield* folds.catchUp(session.readAfter)
            const { branches, batches, answers, head } = planGroup(group, session, yield* Clock.currentTimeMillis)
            if (batches.length > 0) {
              yield* session.append(batches)
              branches.merge()
              onCommitted(head)
            }
            return answers
          }),
        )
        .pipe(
          exclusive.withPermits(1),
          Effect.matchCauseEffect({
            onSuccess: (answers) => Effect.forEach(answers, (answer) => answer(), { discard: true }),
            onFailure: (cause) =>
              Effect.forEach(group, ({ answer }) => Deferred.failCause(answer, cause), { discard: true }),
          }),
        )

    const drain: Effect.Effect<void> = Effect.suspend(() => {
      const group = queue.splice(0, group_requests_max)
      if (group.length === 0) {
        isRunning = false
        return Effect.void
      }
      return Effect.andThen(commitGroup(group), drain)
    })

    const submit = <E>(request: Request<E>): Effect.Effect<ReadonlyArray<RecordedEvent>, E | AppendError> =>
      room.withPermits(1)(
        Effect.gen(function* () {
          const answer = yield* Deferred.make<ReadonlyArray<RecordedEvent>, unknown>()
          queue.push({ request, answer })
          if (!isRunning) {
            isRunning = true
            // A group that has begun is finished even if every caller gives up waiting.
            yield* Effect.forkIn(Effect.uninterruptible(drain), scope)
          }
          return yield* Deferred.await(answer) as Effect.Effect<ReadonlyArray<RecordedEvent>, E | AppendError>
        }),
      )

    return { submit }
  })
