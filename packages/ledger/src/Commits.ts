/**
 * Group commit: whatever arrives while one group is being flushed goes out together with the next.
 *
 * Every request of a group is decided against the durable state plus what the group's earlier requests add. Nobody is
 * answered, not even with a refusal, before everything the answer rests on is durable.
 *
 * @module
 */
import { type Cause, Clock, Effect, Exit, Fiber, Result, type Scope, type Semaphore } from "effect"
import { type AppendError, Conflict, FactTooLarge, InvalidAppend, type StoreError, StoreRefused } from "./Errors.ts"
import type { Fact } from "./Fact.ts"
import type { JsonObject } from "./Json.ts"
import { eventId, line_bytes_max, type RecordedEvent, utf8Bytes } from "./LedgerEvent.ts"
import { encodeLine } from "./Line.ts"
import { type Branches, erase, type LiveFolds } from "./LiveFolds.ts"
import { refuseAppend, timeOf } from "./refusing.ts"
import type { Saving } from "./Saving.ts"
import type { NewRecord, Session, Store } from "./Store.ts"
import type { Streams } from "./Streams.ts"
import { type Place, Waitlist } from "./Waitlist.ts"

/** Who appends, and on whose request. */
export interface Origin {
  readonly actor: string
  readonly requestId: string
}

/** An {@link Origin} whose request id may be left out where a decider names it for every fact. */
export interface Caller {
  readonly actor: string
  readonly requestId?: string | undefined
}

/** `job_id → position of its last fact`, 0 for a job that has none. */
export type Expected = Readonly<Record<string, number>>

type AnyFact = Fact<string, unknown>
type Planned<E> = Result.Result<ReadonlyArray<AnyFact>, E>

/** One request: what to append is decided inside the group, when everything before it is known. */
export interface Request<E> {
  readonly origin: Caller
  readonly plan: (branches: Branches) => Planned<E>
  /** The request id of a planned fact, where it is not the origin's. */
  readonly requestIdOf?: (branches: Branches, fact: AnyFact) => string | undefined
  /** Whether what is planned has been looked at, with {@link refuseAppend} and {@link checkConditions}. */
  readonly isChecked?: boolean
}

/** How many requests one group takes: bounds the memory of a group and the wait of the first in it. */
const group_requests_max = 1024
/** A group closes once its lines hold so many characters, so that large facts do not pile up in memory. */
const group_characters_max = 16 * 1024 * 1024
/** How many characters all lines of one batch may have together: it is written and read back as a whole. */
export const batch_characters_max = 64 * 1024 * 1024
/** How many requests may wait; beyond it, callers wait for their turn to wait. */
const waiting_requests_max = 16_384

type Outcome = Exit.Exit<ReadonlyArray<RecordedEvent>, unknown>

interface Waiting {
  readonly request: Request<unknown>
  readonly answer: (outcome: Outcome) => void
}

interface Answer {
  readonly waiting: Waiting
  readonly exit: Outcome
}

/** Where every fact's stream and unique key stand, as the group sees them. */
export const checkConditions = (
  branches: Branches,
  streams: Streams,
  facts: ReadonlyArray<AnyFact>,
  expected: Expected,
): Conflict | undefined => {
  for (const [job_id, position] of Object.entries(expected)) {
    const end = branches.of(erase(streams)).get(job_id)
    const actual = typeof end === "number" ? end : 0
    if (actual !== position) return new Conflict({ job_id, because: { kind: "position", expected: position, actual } })
  }
  let own: Set<string> | undefined
  for (const { event_type, job_id, unique } of facts) {
    if (unique === undefined) continue
    own ??= new Set()
    const held_by = branches.of(erase(streams)).holder(event_type, unique.value)?.event_id
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

/** Gives a batch its positions, ids, time and lines. */
const stamp = (
  facts: ReadonlyArray<AnyFact>,
  actor: string,
  requestIds: ReadonlyArray<string> | string,
  after: number,
  occurred_at: string,
): Result.Result<ReadonlyArray<NewRecord>, FactTooLarge | InvalidAppend> => {
  const records: Array<NewRecord> = []
  let characters = 0
  let position = after
  for (const { event_type, job_id, payload } of facts) {
    const index = records.length
    position++
    const single: RecordedEvent = {
      position,
      schema_version: 1,
      event_id: eventId(event_type, job_id, position),
      request_id: typeof requestIds === "string" ? requestIds : (requestIds[index] ?? ""),
      job_id,
      event_type,
      occurred_at,
      actor,
      payload: payload as JsonObject,
    }
    const event = facts.length === 1 ? single : { ...single, batch: [index, facts.length] as const }
    const line = encodeLine(event)
    if (line.length > line_bytes_max / 3) {
      const bytes = utf8Bytes(line) + 1
      if (bytes > line_bytes_max)
        return Result.fail(new FactTooLarge({ event_type, job_id, bytes, bytes_max: line_bytes_max }))
    }
    characters += line.length
    if (characters > batch_characters_max)
      return Result.fail(
        new InvalidAppend({
          reason: `a batch holds at most ${batch_characters_max} characters; append its facts apart`,
        }),
      )
    records.push({ event, line })
  }
  return Result.succeed(records)
}

/** How many turns of the event loop in which nobody came a group waits for those of the last one: well below a millisecond. */
const idle_turns_max = 64
/** How many groups follow each other before the event loop turns: one may block it for half a millisecond while it is flushed. */
const groups_per_turn_max = 16
/** After so many waits in vain, one group in 64 still waits, so that it is noticed when they come again. */
const in_vain_max = 6

export interface Commits {
  /**
   * Decides and appends; goes on with what `then` makes of the outcome once the facts, and all they rest on, are durable. `then` is
   * asked in the middle of telling everybody, so it must not throw: what may is left to the effect that it answers.
   */
  readonly submit: <E, A, E2>(
    request: Request<E>,
    then: (outcome: Exit.Exit<ReadonlyArray<RecordedEvent>, E | AppendError>) => Effect.Effect<A, E2>,
  ) => Effect.Effect<A, E2>
}

export const makeCommits = (
  store: Store,
  folds: LiveFolds,
  saving: Saving,
  streams: Streams,
  exclusive: Semaphore.Semaphore,
  onCommitted: (batches: ReadonlyArray<ReadonlyArray<NewRecord>>) => void,
): Effect.Effect<Commits, never, Scope.Scope> =>
  Effect.gen(function* () {
    const queue = new Waitlist<Waiting>()
    /** How many have entered and are not answered yet, and those that wait to enter. */
    let inside = 0
    const lobby = new Waitlist<() => void>()
    let isDraining = false
    /** Whoever drained last; for the end alone, since it may be done before it is known here. */
    let running: Fiber.Fiber<void> | undefined
    let isClosed = false

    const leave = () => {
      inside--
      lobby.shift()?.()
    }
    const tell = (answers: ReadonlyArray<Answer>) => {
      for (const { exit, waiting } of answers) {
        leave()
        waiting.answer(exit)
      }
    }

    /** Takes those that wait from the front, as many as one group may hold, until `isFull`. */
    const draw = (isFull: () => boolean, take: (waiting: Waiting) => void) => {
      for (let drawn = 0; drawn < group_requests_max && !isFull(); drawn++) {
        const next = queue.shift()
        if (next === undefined) return
        take(next)
      }
    }

    const plan = (
      request: Request<unknown>,
      branches: Branches,
      head: number,
      time: Result.Result<string, InvalidAppend>,
    ): Result.Result<ReadonlyArray<NewRecord>, unknown> => {
      if (Result.isFailure(time)) return Result.fail(time.failure)
      const planned = request.plan(branches)
      if (Result.isFailure(planned)) return Result.fail(planned.failure)
      const facts = planned.success
      const { actor, requestId = "" } = request.origin
      const { isChecked = false, requestIdOf } = request
      const requestIds =
        requestIdOf === undefined ? requestId : facts.map((fact) => requestIdOf(branches, fact) ?? requestId)
      const refusal = isChecked
        ? undefined
        : (refuseAppend(facts, actor, typeof requestIds === "string" ? [requestIds] : requestIds) ??
          checkConditions(branches, streams, facts, {}))
      return refusal === undefined ? stamp(facts, actor, requestIds, head, time.success) : Result.fail(refusal)
    }

    const planGroup = (group: Array<Waiting>, session: Session, now_ms: number) => {
      const branches = folds.branch()
      const time = timeOf(now_ms)
      const batches: Array<ReadonlyArray<NewRecord>> = []
      const answers: Array<Answer> = []
      let head = session.head
      let characters = 0
      const decide = (waiting: Waiting) => {
        group.push(waiting)
        let planned: ReturnType<typeof plan>
        try {
          planned = plan(waiting.request, branches, head, time)
        } catch (defect) {
          // A decider that throws has failed its own caller, nobody else.
          answers.push({ waiting, exit: Exit.die(defect) })
          return
        }
        if (Result.isFailure(planned)) {
          answers.push({ waiting, exit: Exit.fail(planned.failure) })
          return
        }
        const records = planned.success
        if (records.length > 0) {
          batches.push(records)
          head += records.length
          for (const { event, line } of records) {
            characters += line.length
            branches.apply(event)
          }
        }
        answers.push({ waiting, exit: Exit.succeed(records.map(({ event }) => event)) })
      }
      // Those that a lost run had drawn already come first, in their order.
      for (const waiting of group.splice(0)) decide(waiting)
      draw(() => characters >= group_characters_max, decide)
      return { branches, batches, answers }
    }

    // Made once, as all generators that run for every group: see the decision on what an append waits for.
    const record = Effect.fnUntraced(function* (group: Array<Waiting>, session: Session) {
      if (!folds.isCaughtUp(session)) yield* folds.catchUp(session)
      yield* saving.begin
      folds.under = session.endsWithAppend === true ? undefined : session
      const { branches, batches, answers } = planGroup(group, session, yield* Clock.currentTimeMillis)
      if (batches.length > 0) {
        yield* session.append(batches)
        branches.merge()
        onCommitted(batches)
      }
      return answers
    })

    // A group does nothing but through its session, so that it may be decided more than once.
    const groups = { commit: store.commitOptimistically ?? store.commit }
    const commitGroup = Effect.suspend(() => {
      const group: Array<Waiting> = []
      // While others wait, their flush is begun first: they are answered by the time it is over.
      const onSuccess = (answers: ReadonlyArray<Answer>) =>
        queue.size > 0 ? Effect.forkDetach(Effect.sync(() => tell(answers))) : Effect.sync(() => tell(answers))
      const onFailure = (cause: Cause.Cause<StoreError>) =>
        Effect.sync(() => {
          // The store failed before it came to the group: then those at the front are the group.
          if (group.length === 0)
            draw(
              () => false,
              (waiting) => group.push(waiting),
            )
          tell(group.map((waiting) => ({ waiting, exit: Exit.failCause(cause) })))
        })
      return groups
        .commit((session) =>
          Effect.ensuring(
            record(group, session),
            // Before the right to append is given back: from then on others may have recorded more.
            Effect.sync(() => {
              folds.under = undefined
            }),
          ),
        )
        .pipe(exclusive.withPermits(1), Effect.matchCauseEffect({ onSuccess, onFailure }))
    })

    /** How many asked for the last group: about as many ask for the next one, if it lets them. */
    let expected = 0
    /** How many times in a row nobody came while a group waited, up to a limit; and how many groups begin without waiting after that. */
    let in_vain = 0
    let unwaited = 0
    /**
     * Those who were just answered mostly ask again at once. A group that did not wait for them would be a flush for few, and the
     * next one a flush for the rest; so it waits while they come, and a few turns of the event loop longer. Where they mostly do
     * not come, as where large groups and small ones take turns, it mostly does not wait.
     */
    const gather = Effect.fnUntraced(function* () {
      const before = queue.size
      for (let seen = before, idle_turns = 0; seen < expected && idle_turns < idle_turns_max; idle_turns++) {
        yield* Effect.yieldNow
        if (queue.size > seen) idle_turns = 0
        seen = queue.size
      }
      in_vain = queue.size > before ? 0 : Math.min(in_vain + 1, in_vain_max)
      unwaited = in_vain === 0 ? 0 : 2 ** in_vain
      expected = queue.size
    })

    const drain: Effect.Effect<void> = Effect.suspend(() => {
      if (queue.size === 0) {
        isDraining = false
        return Effect.void
      }
      if (queue.size < expected && --unwaited < 0) return Effect.flatMap(gather(), commitNext)
      expected = queue.size
      return commitNext()
    })
    const commitNext = () => Effect.flatMap(commitGroup, goOn)
    let since_turn = 0
    // Who is answered and asks again at once is not to keep everybody else from being heard.
    const goOn = () => {
      if (++since_turn < groups_per_turn_max) return drain
      since_turn = 0
      return drainSoon
    }

    const closed = new StoreRefused({ where: store.where, reason: "this ledger is closed" })
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        isClosed = true
        const waiting: Array<Waiting> = []
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) waiting.push(next)
        tell(waiting.map((each) => ({ waiting: each, exit: Exit.fail(closed) })))
        return running === undefined ? Effect.void : Fiber.await(running)
      }),
    )

    // A group that has begun is finished even if every caller gives up waiting. It begins once those who are being answered
    // at this moment have had their chance to ask again.
    const drainSoon = Effect.andThen(Effect.yieldNow, drain)

    const submit: Commits["submit"] = <E, A, E2>(
      request: Request<E>,
      then: (outcome: Exit.Exit<ReadonlyArray<RecordedEvent>, E | AppendError>) => Effect.Effect<A, E2>,
    ): Effect.Effect<A, E2> =>
      Effect.withFiber((fiber) =>
        Effect.callback((resume) => {
          const answer = (outcome: Outcome) =>
            resume(then(outcome as Exit.Exit<ReadonlyArray<RecordedEvent>, E | AppendError>))
          const waiting: Waiting = { request, answer }
          let place: Place<Waiting> | undefined
          const enter = () => {
            if (isClosed) return answer(Exit.fail(closed))
            inside++
            place = queue.add(waiting)
            if (isDraining) return
            isDraining = true
            running = Effect.runForkWith(fiber.context)(drainSoon, { uninterruptible: true })
          }
          let outside: Place<() => void> | undefined
          if (inside < waiting_requests_max) enter()
          else outside = lobby.add(enter)
          // Whoever gives up before the group is made has not asked.
          return Effect.sync(() => {
            if (outside !== undefined && lobby.delete(outside)) return
            if (place !== undefined && queue.delete(place)) leave()
          })
        }),
      )

    return { submit }
  })
