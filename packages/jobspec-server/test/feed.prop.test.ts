import { encodeDocument, eventDocument } from "@waybill/jobspec"
import { Ledger, type RecordedEvent, Vocabulary } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Deferred, Effect, Fiber, Schema } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { anyPayload, recorded } from "../../ledger/test/support/histories.ts"
import { type Follower, makeFeed } from "../src/Feed.ts"
import { Recent, textOf } from "../src/Recent.ts"

/** So little that a few events are more than is sent at once, and some more are more than is kept. */
const limits = { sent_bytes: 1000, kept_bytes: 4000 }
/** Of small events several are sent at once, the largest are more than that alone. */
const characters = fc.constantFrom(1, 100, 400, 3000)

/** Every event that was told, as its position and its payload's text. */
const toldIn = (pieces: ReadonlyArray<Uint8Array>): ReadonlyArray<readonly [number, string]> =>
  Buffer.concat(pieces)
    .toString()
    .split("\n\n")
    .slice(0, -1)
    .map((event) => {
      const [, id, data = ""] = /^id: (\d+)\nevent: note\.put\ndata: (\{.*\})$/u.exec(event) ?? []
      return [Number(id), (JSON.parse(data) as { payload: { text: string } }).payload.text] as const
    })

describe("the latest events", () => {
  const event = fc.record({
    gap: fc.integer({ min: 1, max: 3 }),
    characters,
    letter: fc.constantFrom("x", "ä", "\u{1f6aa}"),
  })
  const course = fc.record({
    begin: fc.nat({ max: 3 }),
    groups: fc.array(fc.array(event, { maxLength: 8 }), { minLength: 1, maxLength: 8 }),
    /** After which group somebody looks, and from how far behind the last event. */
    looks: fc.array(fc.record({ group: fc.nat({ max: 7 }), behind: fc.nat({ max: 24 }) }), { maxLength: 12 }),
  })

  it("are told from every position that is kept, each once and in order, in pieces that stay as they are; memory is bounded", () => {
    fc.assert(
      fc.property(course, ({ begin, groups, looks }) => {
        const recent = new Recent(limits)
        recent.begin(begin)
        const all: Array<RecordedEvent> = []
        const seen: Array<{
          readonly above: ReadonlyArray<readonly [number, string]>
          readonly pieces: Array<Uint8Array>
        }> = []
        let position = begin
        groups.forEach((group, n) => {
          const events = group.map(({ characters: length, gap, letter }) =>
            recorded((position += gap), "note.put", "j", { text: letter.repeat(length) }),
          )
          all.push(...events)
          recent.keep(events)
          expect(recent.seen).toBe(position)
          const largest = Math.max(0, ...all.map((each) => Buffer.byteLength(textOf(each))))
          expect(recent.bytes).toBeLessThanOrEqual(Math.max(limits.kept_bytes, largest + 100))
          for (const look of looks) {
            const from = position - look.behind
            if (look.group !== n || !recent.has(from)) continue
            const pieces: Array<Uint8Array> = []
            for (let at = from; at < position;) {
              const told = recent.above(at)
              if (told === undefined) throw new Error(`nothing stands above ${at}`)
              expect(told.bytes.byteLength <= limits.sent_bytes || toldIn([told.bytes]).length === 1).toBe(true)
              pieces.push(told.bytes)
              at = told.position
            }
            const above = all.filter((each) => each.position > from)
            seen.push({ above: above.map((each) => [each.position, each.payload["text"] as string]), pieces })
          }
        })
        // Only now: whatever came later has not changed what was handed out.
        for (const { above, pieces } of seen) expect(toldIn(pieces)).toEqual(above)
      }),
      { numRuns: 500 },
    )
  })

  it("have the text of their documents", () => {
    const text = fc.string({ unit: "binary", maxLength: 12 })
    const payload = fc.oneof(anyPayload, fc.record({ claim_token: fc.oneof(text, fc.constant("a".repeat(64))) }))
    const mark = fc.option(fc.constantFrom([0, 2] as const, [1, 2] as const), { nil: undefined })
    const names = fc.record({
      event_id: text,
      request_id: text,
      job_id: text,
      event_type: text,
      occurred_at: text,
      actor: text,
    })
    fc.assert(
      fc.property(names, payload, mark, (named, body, batch) => {
        const event = { ...recorded(7, "note.put", "j", body), ...named, ...(batch === undefined ? {} : { batch }) }
        expect(`${textOf(event)}\n`).toBe(encodeDocument(eventDocument(event)))
      }),
      { numRuns: 2000 },
    )
  })
})

const Note = Vocabulary.make("note", { put: { payload: Schema.Struct({ text: Schema.String }) } })

/** Lets every other fiber go as far as it can. */
const settle = Effect.repeat(Effect.yieldNow, { times: 200 })

/** A peer whose connection is full once it holds more than there is room for; takes what it is let to. */
class Peer {
  #room: number
  readonly pieces: Array<Uint8Array> = []
  /** Whether it was sent something while its connection was full. */
  isFlooded = false
  #held = 0
  #emptied = Deferred.makeUnsafe<void>()

  constructor(room: number) {
    this.#room = room
  }

  get #isFull(): boolean {
    return this.#held > this.#room
  }

  /** Takes everything from now on. */
  open(): void {
    this.#room = Infinity
    this.take(0)
  }

  take(bytes: number): void {
    this.#held = Math.max(0, this.#held - bytes)
    if (this.#isFull) return
    const before = this.#emptied
    this.#emptied = Deferred.makeUnsafe<void>()
    Deferred.doneUnsafe(before, Effect.void)
  }

  #hold(bytes: Uint8Array): void {
    if (this.#isFull) this.isFlooded = true
    this.#held += bytes.byteLength
    this.pieces.push(bytes)
  }

  readonly follower: Follower = {
    send: (bytes) =>
      Effect.suspend(() => {
        this.#hold(bytes)
        return this.follower.taken
      }),
    push: (bytes) => this.#hold(bytes),
    hasTaken: () => !this.#isFull,
    taken: Effect.suspend(() => (this.#isFull ? Deferred.await(this.#emptied) : Effect.void)),
  }
}

/** Where one begins, his connection's room, and how much he takes, time and again. */
const follower = fc.record({
  after: fc.nat({ max: 6 }),
  room: fc.constantFrom(0, 300, 2000, 20_000),
  takes: fc.array(fc.constantFrom(0, 100, 1500, 1_000_000), { minLength: 1, maxLength: 4 }),
})
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("put" as const), count: fc.integer({ min: 1, max: 8 }), characters }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("pass" as const), time_ms: fc.constantFrom(0, 1, 50, 250) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), time_ms: fc.constantFrom(1, 100) }) },
)
const course = fc.record({
  before: fc.nat({ max: 6 }),
  followers: fc.array(follower, { minLength: 1, maxLength: 5 }),
  steps: fc.array(step, { minLength: 1, maxLength: 16 }),
})

describe("followers of any speed", () => {
  it("are each told every event above where they began, once and in order, and nothing while their connection is full", () =>
    fc.assert(
      fc.asyncProperty(course, ({ before, followers, steps }) =>
        Effect.gen(function* () {
          const ledger = yield* Ledger.make(yield* makeMemoryStore(), [Note])
          const all: Array<readonly [number, string]> = []
          const put = (count: number, length: number) =>
            Effect.gen(function* () {
              for (let n = 0; n < count; n++) {
                const text = "x".repeat(length)
                const [fact] = yield* ledger.append([Note.facts.put.makeOrThrow("j", { text })], {
                  actor: "a",
                  requestId: "r",
                })
                all.push([fact?.position ?? 0, text])
              }
            })
          const position = Effect.sync(() => all.at(-1)?.[0] ?? 0)
          const feed = yield* makeFeed(ledger, position, limits)
          yield* put(before, 10)
          const peers = followers.map(({ after, room, takes }) => ({
            after: Math.min(after, before),
            peer: new Peer(room),
            takes,
          }))
          const following = yield* Effect.forEach(peers, ({ after, peer }) =>
            Effect.forkChild(feed.follow(after, peer.follower)),
          )
          yield* settle
          let passes = 0
          for (const each of steps) {
            if (each.kind === "put") yield* put(each.count, each.characters)
            else if (each.kind === "wait") yield* Effect.forkChild(feed.waitBeyond(yield* position, each.time_ms))
            else {
              for (const { peer, takes } of peers) peer.take(takes[passes % takes.length] ?? 0)
              passes++
              yield* TestClock.adjust(each.time_ms)
            }
            yield* settle
          }
          for (const { peer } of peers) peer.open()
          yield* feed.close
          for (const fiber of following) yield* Fiber.join(fiber)
          for (const { after, peer } of peers) {
            expect(toldIn(peer.pieces)).toEqual(all.filter(([at]) => at > after))
            expect(peer.isFlooded).toBe(false)
          }
        }).pipe(Effect.scoped, Effect.provide(TestClock.layer()), Effect.runPromise),
      ),
      { numRuns: 200 },
    ))
})
