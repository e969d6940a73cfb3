/** What every test of a running ledger begins with. */
import { Ledger, type RecordedEvent, type Store } from "@waybill/ledger"
import { makeMemoryStore } from "@waybill/ledger-store"
import { Effect, type Scope, Stream } from "effect"
import { Door } from "./door.ts"

export const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(effect))
export const open = (store: Store) => Ledger.make(store, [Door])
export const fresh = Effect.flatMap(makeMemoryStore(), open)
export const by = (requestId: string) => ({ actor: "ada", requestId })
export const { opened, closed, installed } = Door.facts
export const openedBy = (door: string, who = "ada") => opened.makeOrThrow(door, { by: who })
export const all = (stream: Stream.Stream<RecordedEvent, unknown>) =>
  Effect.map(Stream.runCollect(stream), (events) => events.map(({ position }) => position))
/** Lets every other fiber go as far as it can. */
export const settle = Effect.repeat(Effect.yieldNow, { times: 50 })
