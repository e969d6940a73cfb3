/**
 * A program whose handler is an Effect.
 *
 * @module
 */
import { writeSync } from "node:fs"
import { Effect } from "effect"
import { application, command, main, returnsEffect } from "../../src/index.ts"

const SUCCESS = { description: "Done", retryable: false, side_effects: "none" } as const
const TIMEOUT = { description: "Out of time", retryable: true, side_effects: "none" } as const
const UNAVAILABLE = { description: "Not reachable", retryable: true, side_effects: "none" } as const
const NOT_FOUND = { description: "Not there", retryable: false, side_effects: "none" } as const

class ThingMissing extends Error {
  readonly _tag = "ThingMissing"
}

const app = application({
  name: "effects",
  version: "1.0.0",
  commands: [
    command({
      name: "effectful",
      description: "Asks an address in an Effect.",
      danger_level: "safe",
      has_network_io: true,
      parameters: { url: { type: "string", required: true, positional: 0, description: "Where" } },
      exit_codes: { SUCCESS, TIMEOUT, UNAVAILABLE },
      output_schema: { type: "object" },
      execute: returnsEffect(({ url }: { readonly url: string }) =>
        Effect.tryPromise({
          try: async (signal) => {
            // oxlint-disable-next-line waybill/network-call-needs-timeout -- the framework ends the Effect, and so this signal
            const response = await fetch(url, { signal })
            return { body: await response.text() }
          },
          catch: (cause) => cause,
        }),
      ),
    }),
    command({
      name: "effect",
      description: "Runs an Effect that its end interrupts.",
      danger_level: "safe",
      timeout_ms: 4_000,
      parameters: {
        end: {
          type: "enum",
          enum_values: ["well", "fail", "die", "hang"],
          positional: 0,
          default: "well",
          description: "How",
        },
      },
      exit_codes: { SUCCESS, NOT_FOUND },
      error_registry: { THING_MISSING: { exit: "NOT_FOUND", fix_required: "Make the thing first." } },
      output_schema: { type: "object" },
      cleanup: () =>
        Effect.andThen(
          Effect.sleep(50),
          Effect.sync(() => writeSync(2, "tidied\n")),
        ),
      execute: returnsEffect(({ end }: { readonly end: string }) => {
        if (end === "fail") return Effect.fail(new ThingMissing("The thing is not there."))
        if (end === "die") return Effect.die(new Error("a defect"))
        if (end === "hang") {
          return Effect.never.pipe(
            Effect.onInterrupt(() =>
              Effect.andThen(
                Effect.sleep(200),
                Effect.sync(() => writeSync(2, "interrupted\n")),
              ),
            ),
          )
        }
        return Effect.succeed({ fine: true })
      }),
    }),
  ],
})

await main(app)
