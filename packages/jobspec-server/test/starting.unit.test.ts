import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import type { Log } from "../src/Log.ts"
import { tellWhileLong } from "../src/tellWhileLong.ts"

it("what takes long is told after half a second and then every five, until it is done; what does not is not", () =>
  Effect.runPromise(
    Effect.provide(
      Effect.gen(function* () {
        const said: Array<unknown> = []
        const log: Log = (level, message, fields) => void said.push([level, message, fields])
        let position = 0
        const tell = tellWhileLong(log, "reading", () => ({ position }))
        const start = (ms: number) =>
          Effect.forkChild(tell(Effect.as(Effect.sleep(ms), "done")), { startImmediately: true })
        const short = yield* start(400)
        yield* TestClock.adjust(400)
        expect([yield* Fiber.join(short), said]).toEqual(["done", []])
        const long = yield* start(5600)
        yield* TestClock.adjust(500)
        position = 7
        yield* TestClock.adjust(5000)
        yield* TestClock.adjust(5000)
        expect([yield* Fiber.join(long), said]).toEqual([
          "done",
          [
            ["info", "reading", { position: 0, after_ms: 500 }],
            ["info", "reading", { position: 7, after_ms: 5500 }],
          ],
        ])
      }),
      TestClock.layer(),
    ),
  ))
