import type { OpenFile } from "@waybill/host"
import { Deferred, Effect, Fiber } from "effect"
import { expect, it } from "vitest"
import { chunk_bytes, eachChunk, roomToKeep } from "../src/Bytes.ts"

/** A file of one byte, over and over; `arrive` is waited for before a read fills what it was given. */
const fileOf = (byte: number, bytes: number, arrive: Effect.Effect<void> = Effect.void): OpenFile => ({
  path: "file",
  read: (into, offset) => {
    const got = Math.max(0, Math.min(into.byteLength, bytes - offset))
    // As the system does: whoever gave up no longer waits, and the bytes arrive all the same.
    const filling = Effect.map(arrive, () => void into.fill(byte, 0, got))
    return Effect.as(Effect.flatMap(Effect.forkDetach(filling), Fiber.join), got)
  },
  write: () => Effect.die("nothing is written here"),
  truncate: () => Effect.die("nothing is cut here"),
  flush: Effect.void,
  info: Effect.succeed({
    kind: "file",
    bytes,
    links: 1,
    device: 0n,
    inode: 0n,
    mode: 0o600,
    modified_ms: 0,
    changed_ns: 0n,
  }),
  chmod: () => Effect.void,
})

it("memory that a read may still arrive in is nobody else's, also when the read was given up", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const arrival = yield* Deferred.make<void>()
      // The second chunk is under way when the first one's reader gives up.
      for (const given_up of ["failed", "interrupted"] as const) {
        const late = fileOf(0xff, 3 * chunk_bytes, Deferred.await(arrival))
        const first = fileOf(0xee, chunk_bytes)
        const mixed: OpenFile = { ...late, read: (into, at) => (at === 0 ? first.read(into, at) : late.read(into, at)) }
        const reading = yield* Effect.forkChild(
          eachChunk(mixed, () => (given_up === "failed" ? Effect.fail("no") : Effect.never)),
          { startImmediately: true },
        )
        yield* Effect.yieldNow
        yield* Fiber.interrupt(reading)
      }
      let chunks = 0
      yield* eachChunk(fileOf(0x11, 4 * chunk_bytes), (chunk) =>
        Effect.gen(function* () {
          if (chunks++ === 1) yield* Deferred.succeed(arrival, undefined)
          for (let turns = 0; turns < 10; turns++) yield* Effect.yieldNow
          expect(chunk.every((byte) => byte === 0x11)).toBe(true)
        }),
      )
      expect(chunks).toBe(4)
    }),
  ))

it("a chunk to keep is its owner's, however many are made", () => {
  const kept = Array.from({ length: 40 }, (_, n) => roomToKeep(chunk_bytes).fill(n))
  expect(new Set(kept.map(({ buffer }) => buffer)).size).toBe(40)
  expect(kept.every((chunk, n) => chunk[0] === n && chunk.at(-1) === n)).toBe(true)
})
