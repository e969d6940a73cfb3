/**
 * Failures on request, for tests (JobSpec v0 §5.6). Nothing here happens unless the server was started for it.
 *
 * @module
 */
import type { Queue, QueueCommand } from "@waybill/jobspec"
import { Effect, Result } from "effect"
import type { App } from "./App.ts"
import { type Call, header, type Refused, refuse } from "./Http.ts"

export type Failpoint = "before_append" | "after_append_before_ack" | "projection_rebuild"

const known: ReadonlySet<string> = new Set<Failpoint>([
  "before_append",
  "after_append_before_ack",
  "projection_rebuild",
])
const isFailpoint = (text: string): text is Failpoint => known.has(text)

/** The failpoint that a request names, where they are switched on. Unknown ones are ignored. */
export const failpointOf = ({ hasFailpoints }: App, { headers }: Call): Failpoint | undefined => {
  const named = hasFailpoints ? (header(headers, "x-agentops-failpoint")?.trim() ?? "") : ""
  return isFailpoint(named) ? named : undefined
}

export const refuseFailpoint = (failpoint: Failpoint): Refused => refuse(503, `daemon queue failpoint: ${failpoint}`)

/** Fails where the command would append something; what is refused or repeated never reaches the failpoint. */
export const refuseBefore = (app: App, queue: Queue, command: QueueCommand): Effect.Effect<void, Error> =>
  Effect.gen(function* () {
    const decided = yield* app.ledger.query(queue.projection, (view) => queue.decide(view, command))
    if (Result.isSuccess(decided) && decided.success.length > 0) return yield* refuseFailpoint("before_append")
  })
