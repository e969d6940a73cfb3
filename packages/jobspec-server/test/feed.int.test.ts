import { Ledger, Vocabulary } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Deferred, Effect, Fiber, Schema, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { type Follower, makeFeed } from "../src/Feed.ts"

const Note = Vocabulary.make("note", { put: { payload: Schema.Struct({ text: Schema.String }) } })

/** Lets every other fiber go as far as it can. */
const settle = Effect.repeat(Effect.yieldNow, { times: 100 })

const run = (body: Effect.Effect<void, unknown, Scope.Scope>) => () =>
  Effect.runPromise(Effect.scoped(body).pipe(Effect.provide(TestClock.layer())))

const started = Effect.gen(function* () {
  const ledger = yield* Ledger.make(yield* makeMemoryStore(), [Note])
  let position = 0
  const put = (text = "") =>
    Effect.map(
      ledger.append([Note.facts.put.makeOrThrow("j", { text })], { actor: "a", requestId: "r" }),
      (facts) => (position = facts[0]?.position ?? 0),
    )
  const putMany = (count: number) =>
    Effect.map(
      ledger.append(
        Array.from({ length: count }, () => Note.facts.put.makeOrThrow("j", { text: "" })),
        { actor: "a", requestId: "r" },
      ),
      (facts) => (position = facts.at(-1)?.position ?? 0),
    )
  let reads = 0
  const read: typeof ledger.read = (options) => {
    reads++
    return ledger.read(options)
  }
  const feed = yield* makeFeed(
    { ...ledger, read },
    Effect.sync(() => position),
  )
  return { feed, put, putMany, reads: () => reads }
})

/** The positions of server-sent events. */
const positionsIn = (bytes: Uint8Array): ReadonlyArray<number> =>
  [
    ...Buffer.from(bytes)
      .toString()
      .matchAll(/^id: (\d+)$/gmu),
  ].map(([, id]) => Number(id))

/** A follower that notes what it was told at a time, and takes it or not. */
const makeFollower = () => {
  const told: Array<ReadonlyArray<number>> = []
  /** Where in memory what it was told begins. */
  const places: Array<readonly [ArrayBufferLike, number]> = []
  const state = { isTaking: true, waits: 0 }
  const taken = Deferred.makeUnsafe<void>()
  const note: Follower["push"] = (bytes) => {
    places.push([bytes.buffer, bytes.byteOffset])
    told.push(positionsIn(bytes))
  }
  const follower: Follower = {
    send: (bytes) => Effect.sync(() => note(bytes)),
    push: note,
    hasTaken: () => state.isTaking,
    taken: Effect.suspend(() => {
      if (state.isTaking) return Effect.void
      state.waits++
      return Deferred.await(taken)
    }),
  }
  /** Takes everything from now on. */
  const take = Effect.suspend(() => {
    state.isTaking = true
    return Deferred.succeed(taken, undefined)
  })
  return { follower, told, places, state, take }
}

describe("a feed", () => {
  it(
    "tells a lone fact at once, and what comes within a turn together at its end",
    run(
      Effect.gen(function* () {
        const { feed, put } = yield* started
        const { follower, told } = makeFollower()
        yield* put()
        yield* Effect.forkChild(feed.follow(0, follower))
        yield* settle
        expect(told).toEqual([[1]])
        yield* put()
        yield* settle
        expect(told).toEqual([[1], [2]])
        for (let i = 0; i < 3; i++) yield* put()
        yield* settle
        expect(told).toEqual([[1], [2]])
        yield* TestClock.adjust("50 millis")
        yield* settle
        expect(told).toEqual([[1], [2], [3, 4, 5]])
        yield* TestClock.adjust("1 second")
        yield* put()
        yield* settle
        expect(told.at(-1)).toEqual([6])
      }),
    ),
  )
  it(
    "wakes whoever waits for something at once, however lately it has told others",
    run(
      Effect.gen(function* () {
        const { feed, put } = yield* started
        const { follower, told } = makeFollower()
        yield* Effect.forkChild(feed.follow(0, follower))
        yield* settle
        yield* put()
        yield* settle
        expect(told).toEqual([[1]])
        const waiting = yield* Effect.forkChild(feed.waitBeyond(1, 60_000))
        yield* settle
        yield* put()
        yield* Fiber.join(waiting)
        expect(told).toEqual([[1]])
      }),
    ),
  )
  it(
    "hands the very same memory to all whom it tells something, also to one who is behind, and reads nothing for him",
    run(
      Effect.gen(function* () {
        const { feed, put, reads } = yield* started
        const all = Array.from({ length: 5 }, makeFollower)
        const [behind] = all
        for (const { follower } of all) yield* Effect.forkChild(feed.follow(0, follower))
        yield* settle
        yield* put()
        yield* settle
        const read_before = reads()
        if (behind !== undefined) behind.state.isTaking = false
        for (let i = 0; i < 3; i++) {
          yield* put()
          yield* TestClock.adjust("1 second")
          yield* settle
        }
        expect(all.map(({ told }) => told)).toEqual([
          [[1], [2]],
          ...Array.from({ length: 4 }, () => [[1], [2], [3], [4]]),
        ])
        if (behind !== undefined) yield* behind.take
        yield* settle
        expect(behind?.told).toEqual([[1], [2], [3, 4]])
        expect(reads()).toBe(read_before)
        expect(new Set(all.flatMap(({ places }) => places.map(([memory]) => memory))).size).toBe(1)
        expect(new Set(all.flatMap(({ places }) => places.map(([, start]) => start))).size).toBe(4)
      }),
    ),
  )
  it(
    "tells one that takes nothing no more until it has, and the others go on",
    run(
      Effect.gen(function* () {
        const { feed, put } = yield* started
        const [slow, quick] = [makeFollower(), makeFollower()]
        for (const { follower } of [slow, quick]) yield* Effect.forkChild(feed.follow(0, follower))
        yield* settle
        slow.state.isTaking = false
        for (let i = 0; i < 3; i++) {
          yield* put()
          yield* TestClock.adjust("1 second")
          yield* settle
        }
        expect(slow.told).toEqual([[1]])
        expect(slow.state.waits).toBe(1)
        expect(quick.told).toEqual([[1], [2], [3]])
      }),
    ),
  )
  it(
    "tells everything in order, also where more comes at once than is sent at once",
    run(
      Effect.gen(function* () {
        const { feed, put } = yield* started
        const { follower, told } = makeFollower()
        yield* Effect.forkChild(feed.follow(0, follower))
        yield* settle
        for (let i = 0; i < 12; i++) yield* put("x".repeat(100_000))
        yield* TestClock.adjust("1 second")
        yield* settle
        expect(told.flat()).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
        expect(Math.max(...told.map(({ length }) => length))).toBeLessThan(4)
      }),
    ),
  )
  it(
    "tells all that comes within a turn at its end, however much it is",
    run(
      Effect.gen(function* () {
        const { feed, put, putMany } = yield* started
        const { follower, told } = makeFollower()
        yield* Effect.forkChild(feed.follow(0, follower))
        yield* settle
        yield* put()
        yield* settle
        for (let i = 0; i < 20; i++) yield* putMany(1000)
        expect(told).toEqual([[1]])
        yield* TestClock.adjust("50 millis")
        for (let i = 0; i < 20; i++) yield* settle
        expect(told.flat()).toEqual(Array.from({ length: 20_001 }, (_, i) => i + 1))
      }),
    ),
  )
  it(
    "ends with what was recorded before its end",
    run(
      Effect.gen(function* () {
        const { feed, put } = yield* started
        const { follower, told } = makeFollower()
        const following = yield* Effect.forkChild(feed.follow(0, follower))
        yield* settle
        for (let i = 0; i < 3; i++) yield* put()
        yield* feed.close
        yield* Fiber.join(following)
        expect(told.flat()).toEqual([1, 2, 3])
      }),
    ),
  )
})
