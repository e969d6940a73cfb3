/**
 * The ledger, read and followed (JobSpec v0 §3.4, §3.5).
 *
 * @module
 */
import { type CorruptDocument, corruptDocuments } from "../corruptDocuments.ts"
import { cursorOf, encodeDocument, limitOf } from "@waybill/jobspec"
import { encodeJson, type RecordedEvent } from "@waybill/ledger"
import { Effect, Option, Result, Stream } from "effect"
import type { App } from "../App.ts"
import { prefersEventStream } from "../accepting.ts"
import { makeCursors } from "../cursors.ts"
import { durationOf } from "../durations.ts"
import { small_pages } from "../Feed.ts"
import { type Answer, type Call, header, json_type, refuse } from "../Http.ts"
import { textOf } from "../Recent.ts"
import type { QueryParameter, Route } from "../Route.ts"

const wait_ms_max = 60_000
/** So that an idle follower's connection is seen to be alive. */
const heartbeat_ms = 15_000

/** So much of a list is put together before it is written. */
const piece_characters = 65_536

const waiting = Buffer.from(": waiting\n\n")

/** Follows as server-sent events; the id of each is its position. */
const followed = (app: App, after: number): Answer => ({
  status: 200,
  type: "text/event-stream",
  follow: (outlet) =>
    Effect.raceFirst(
      app.feed.follow(after, { ...outlet, send: outlet.write }),
      Effect.forever(Effect.andThen(Effect.sleep(heartbeat_ms), outlet.write(waiting))),
    ),
})

interface Page {
  readonly after: number
  /** The position at the request's start: nothing above it is told. */
  readonly until: number
  readonly limit: number | undefined
}

/** The events of a page, read no faster than they are taken. */
const eventsOf = (app: App, { after, limit = Number.MAX_SAFE_INTEGER, until }: Page) =>
  app.ledger.read({ after, ...small_pages, page_records: Math.min(small_pages.page_records, Math.max(1, limit)) }).pipe(
    Stream.takeWhile(({ position }) => position <= until),
    Stream.take(limit),
  )

/** `{"events":[…],…}`: the list in pieces, each written once the one before it was taken, then the other fields. */
export const listed = (events: Stream.Stream<RecordedEvent, Error>, rest: string): Answer => ({
  status: 200,
  type: json_type,
  follow: ({ write }) =>
    Effect.gen(function* () {
      let text = '{"events":['
      let separator = ""
      const writePage = (page: ReadonlyArray<RecordedEvent>) =>
        Effect.gen(function* () {
          for (const event of page) {
            const next = separator + textOf(event)
            separator = ","
            if (text.length + next.length > piece_characters) {
              yield* write(text)
              // Others get their turn between two pieces.
              yield* Effect.yieldNow
              text = ""
            }
            text += next
          }
        })
      yield* Stream.runForEachArray(events, writePage)
      yield* write(`${text}]${rest}}\n`)
    }),
})

const field = (name: string, value: string | ReadonlyArray<CorruptDocument> | undefined): string =>
  value === undefined || value.length === 0
    ? ""
    : `,${encodeJson(name)}:${typeof value === "string" ? encodeJson(value) : encodeDocument(value).trimEnd()}`

const cursors: ReadonlyArray<QueryParameter> = [
  { name: "since", type: "string", description: "The id of an event: only those after it are told." },
  { name: "after_id", type: "string", description: "The same; used only where `since` is absent or blank." },
]
const limited: QueryParameter = {
  name: "limit",
  type: "integer",
  description: "At most so many events, 1000 at most. Absent: all of them.",
}

const noCursor = refuse(400, "event cursor not found")
/** Who began from the start instead would be told everything once more, and not know it. */
const badLastEventId = refuse(400, "Last-Event-ID must be the id of an event of this stream: a position")
const badLimit = refuse(400, "limit must be a non-negative integer")

export const eventRoutes = (app: App): Effect.Effect<ReadonlyArray<Route>> =>
  Effect.map(makeCursors(app.ledger), (find) => {
    const { feed, jobspec, ledger } = app
    const end = ledger.query(jobspec.projections.states, ({ lastEventId, position }) => ({ lastEventId, position }))

    const parameters = (call: Call, names: ReadonlyArray<"since" | "after_id">) => {
      const given: { since?: string; after_id?: string } = {}
      for (const name of names) {
        const value = call.query(name)
        if (value !== undefined) given[name] = value
      }
      return given
    }
    const limitIn = (call: Call) => {
      const limit = limitOf(call.query("limit"))
      return Result.isSuccess(limit) ? Effect.succeed(limit.success) : Effect.fail(badLimit)
    }

    /**
     * Whether the ledger reaches a position: folded state says so, after a look at what other servers have recorded; what is not
     * folded yet may stand there all the same.
     */
    const reaches = (position: number): Effect.Effect<boolean, Error> =>
      Effect.gen(function* () {
        if (position <= (yield* end).position) return true
        const read = ledger.read({ after: position - 1, page_records: 1 })
        return Option.isSome(yield* Stream.runHead(read))
      })

    /** Waits until folded state has gone past a position: an event can be read a moment before it is folded. */
    const somethingAbove = (after: number, wait_ms: number): Effect.Effect<void, Error> =>
      Effect.gen(function* () {
        while ((yield* end).position <= after && !feed.isClosed()) {
          yield* feed.waitBeyond(after, wait_ms)
          yield* Effect.yieldNow
        }
      }).pipe(Effect.timeoutOption(wait_ms), Effect.asVoid)

    const events = (call: Call): Effect.Effect<Answer, Error> =>
      Effect.gen(function* () {
        const cursor = cursorOf(parameters(call, ["since", "after_id"]))
        const after = cursor === undefined ? 0 : yield* find(cursor)
        if (after === undefined) return yield* noCursor
        if (prefersEventStream(header(call.headers, "accept"))) {
          const seen = header(call.headers, "last-event-id")?.trim() ?? ""
          if (!/^\d{0,15}$/u.test(seen)) return yield* badLastEventId
          if (seen === "") return followed(app, after)
          // A ledger that was replaced by an older one would be followed from nowhere, and what comes meanwhile be left out.
          if (!(yield* reaches(Number(seen)))) return yield* noCursor
          return followed(app, Number(seen))
        }
        const limit = yield* limitIn(call)
        const wait = call.query("wait")
        const wait_ms = wait === undefined || wait.trim() === "" ? 0 : durationOf(wait)
        if (wait_ms === undefined || wait_ms > wait_ms_max)
          return yield* refuse(400, "wait must be a time of at most 60s, such as 30s or 500ms")
        if (wait_ms > 0) yield* somethingAbove(after, wait_ms)
        const health = yield* ledger.health
        const { lastEventId, position } = yield* end
        const rest = field("corrupt", corruptDocuments(health)) + field("last_event_id", lastEventId)
        return listed(eventsOf(app, { after, until: position, limit }), rest)
      })

    const diff = (call: Call): Effect.Effect<Answer, Error> =>
      Effect.gen(function* () {
        const cursor = cursorOf(parameters(call, ["since"]))
        const limit = yield* limitIn(call)
        const { lastEventId = "", position } = yield* end
        const after = (cursor === undefined ? 0 : yield* find(cursor)) ?? position
        const rest = `,"last_event_id":${encodeJson(lastEventId)}`
        return listed(eventsOf(app, { after, until: position, limit }), rest)
      })

    return [
      {
        path: "/v1/events",
        aliases: ["/events"],
        operations: {
          GET: {
            id: "events",
            summary:
              "The ledger in order. With `Accept: text/event-stream` it is followed: an event's id there is its position, and `Last-Event-ID` goes on after it.",
            query: [
              ...cursors,
              limited,
              {
                name: "wait",
                type: "string",
                description: "How long to wait for a first event, such as `30s`; `60s` at most.",
              },
            ],
            answers: {
              200: { description: "Events after the cursor.", schema: "Events" },
              400: { description: "Nothing has that cursor, or the limit is none.", schema: "Error" },
            },
            handle: events,
          },
        },
      },
      {
        path: "/v1/plans/diff",
        operations: {
          GET: {
            id: "plans_diff",
            summary: "The ledger's tail. A cursor that nobody knows is no error: nothing is after it.",
            query: [cursors[0], limited].filter((each) => each !== undefined),
            answers: {
              200: { description: "Events after the cursor.", schema: "Events" },
              400: { description: "The limit is none.", schema: "Error" },
            },
            handle: diff,
          },
        },
      },
    ]
  })
