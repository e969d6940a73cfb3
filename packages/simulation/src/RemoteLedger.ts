/**
 * The ledger as somebody on another host has it: questions and answers are messages, and the server decides with its own
 * clock, as the HTTP surface does. An answer that does not come is `StoreUnavailable`; what was asked may have happened.
 *
 * @module
 */
import type { Ledger, LedgerShape } from "@waybill/ledger"
import { StoreUnavailable } from "@waybill/ledger"
import { Clock, Effect, type Exit, Option, Stream } from "effect"
import type { Network } from "./Network.ts"
import type { Process } from "./Process.ts"

/** Who answers: the server process of the moment, once its ledger is open. */
export interface Server {
  current: { readonly process: Process; readonly ledger: LedgerShape } | undefined
}

const answer_ms_max = 1_500
const look_ms = 400
const where = "the server"

const withClock = <C>(command: C, now_ms: number): C =>
  typeof command === "object" && command !== null && "now_ms" in command ? { ...command, now_ms } : command

export const remoteLedger = (process: Process, network: Network, server: Server): Ledger["Service"] => {
  const ask = <A, E>(
    what: string,
    question: (ledger: LedgerShape) => Effect.Effect<A, E>,
  ): Effect.Effect<A, E | StoreUnavailable> =>
    Effect.callback<A, E>((resume) => {
      const asked = server.current
      if (asked === undefined) return
      network.send(process.name, asked.process, what, () => {
        asked.process.run(question(asked.ledger), (exit: Exit.Exit<A, E>) =>
          network.send(asked.process.name, process, `answer to ${what}: ${exit._tag}`, () => resume(exit)),
        )
      })
    }).pipe(
      Effect.timeoutOrElse({
        duration: answer_ms_max,
        orElse: () => Effect.fail(new StoreUnavailable({ where, cause: new Error(`${what}: no answer`) })),
      }),
    )
  const notHere = Effect.die(new Error("this is not asked for over the network"))
  const tail: LedgerShape["tail"] = ({ after = 0 } = {}) =>
    Stream.fromEffect(
      Effect.gen(function* () {
        for (;;) {
          const next = yield* ask("tail", (ledger) => Stream.runHead(ledger.read({ after })))
          if (Option.isSome(next)) return next.value
          yield* Effect.sleep(look_ms)
        }
      }),
    )
  return {
    where,
    append: () => notHere,
    transactAll: () => notHere,
    saveCheckpoint: () => notHere,
    saveDueCheckpoints: notHere,
    transact: (decider, command, origin) =>
      ask(
        `transact ${typeof command === "object" && command !== null && "kind" in command ? String(command.kind) : ""}`,
        (ledger) =>
          Effect.flatMap(Clock.currentTimeMillis, (now_ms) =>
            ledger.transact(decider, withClock(command, now_ms), origin),
          ),
      ),
    query: (projection, question) => ask("query", (ledger) => ledger.query(projection, question)),
    queryAll: (projections, question) => ask("query", (ledger) => ledger.queryAll(projections, question)),
    queryKnown: (projections, question) => ask("query", (ledger) => ledger.queryKnown(projections, question)),
    read: () => Stream.fromEffect(notHere),
    readBackwards: () => Stream.fromEffect(notHere),
    readStream: () => Stream.fromEffect(notHere),
    tail,
    health: ask("health", (ledger) => ledger.health),
  }
}
