/**
 * A client: asks for its jobs until it has an answer, calls some off, and watches them to their end. What it is told goes to
 * the witness. Its process may be killed at any time; started again, it asks for everything once more under the same keys.
 *
 * @module
 */
import { isTerminal, type Submit } from "@waybill/jobspec"
import type { Ledger } from "@waybill/ledger"
import { Effect, Random } from "effect"
import type { Intent } from "./intents.ts"
import type { Witness } from "./Witness.ts"
import { job_type, jobspec } from "./work.ts"

const pause_ms_max = 600
const look_ms = 700

/** Asks again until there is an answer, whatever it is. */
const untilAnswered = <A, E extends { readonly _tag: string }>(ask: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    for (;;) {
      const answer = yield* Effect.result(ask)
      if (answer._tag === "Success") return answer.success
      if (!answer.failure._tag.startsWith("Store")) return yield* Effect.die(answer.failure)
      yield* Effect.sleep(20 + (yield* Random.next) * pause_ms_max)
    }
  })

const follow = ({ ledger, now_ms, who, witness }: Client, intent: Intent) =>
  Effect.gen(function* () {
    const { key, max_attempts, payload } = intent
    const wait_ms = intent.at_ms - now_ms()
    if (wait_ms > 0) yield* Effect.sleep(wait_ms)
    const submit: Submit = {
      kind: "submit",
      job_type,
      idempotency_key: key,
      payload,
      max_attempts,
      ...(intent.job_id === undefined ? {} : { job_id: intent.job_id }),
    }
    yield* untilAnswered(ledger.transact(jobspec.queue, submit, { actor: who }))
    const job_id = yield* untilAnswered(
      ledger.query(jobspec.projections.queue, (view) => view.holder("job.accepted", key)?.job_id),
    )
    if (job_id === undefined) {
      witness.faults.push(`${who} was told that ${key} is taken in, and then it was not there`)
      return
    }
    witness.told.push({ kind: "submitted", who, job_id, key })
    if (intent.cancel_ms !== undefined) {
      yield* Effect.sleep(intent.cancel_ms)
      yield* untilAnswered(ledger.transact(jobspec.queue, { kind: "cancel", job_id }, { actor: who }))
      witness.told.push({ kind: "ended", who, job_id })
    }
    for (;;) {
      const status = yield* untilAnswered(ledger.query(jobspec.projections.queue, (view) => view.get(job_id)?.status))
      if (status === undefined)
        witness.faults.push(`${who} was told that ${job_id} is taken in, and then it was not there`)
      else if (isTerminal(status)) {
        witness.told.push({ kind: "status", who, job_id, status })
        return
      }
      yield* Effect.sleep(look_ms)
    }
  })

export interface Client {
  readonly who: string
  readonly ledger: Ledger["Service"]
  readonly witness: Witness
  /** Simulated time. */
  readonly now_ms: () => number
}

/** Everything that one client wants, all at once; ends when every job of its has ended. */
export const runClient = (client: Client, intents: ReadonlyArray<Intent>): Effect.Effect<void> =>
  Effect.forEach(
    intents.filter(({ clients }) => clients.includes(client.who)),
    (intent) => follow(client, intent),
    { concurrency: "unbounded", discard: true },
  )
