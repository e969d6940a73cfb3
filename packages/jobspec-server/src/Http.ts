/**
 * Requests and answers as the routes see them.
 *
 * @module
 */
import type { JsonObject } from "@waybill/ledger"
import { Data, type Effect, type Stream } from "effect"
import type { Credential } from "./Credentials.ts"

/** Header values by name in lower case; of a repeated one, the first. */
export type Headers = Readonly<Record<string, string | undefined>>

/** A request whose path has found its route. */
export interface Call {
  readonly method: string
  readonly headers: Headers
  /** The parts of the path that the route names, decoded. */
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Who asks, on routes that change something. */
  readonly caller: Credential | undefined
  /** The body as one JSON object. Read when it is first asked for. */
  readonly body: Effect.Effect<JsonObject, Refused>
  /** The same, where the body may be missing. */
  readonly optionalBody: Effect.Effect<JsonObject, Refused>
  /** Aborts when the peer has gone. */
  readonly gone: AbortSignal
}

/** The request cannot be answered as it was asked. `body` is the answer. */
export class Refused extends Data.TaggedError("Refused")<{
  readonly status: number
  readonly body: { readonly error: string }
  readonly headers?: Readonly<Record<string, string>>
}> {
  override get message(): string {
    return this.body.error
  }
}

export const refuse = (status: number, error: string, more: object = {}): Refused =>
  new Refused({ status, body: { error, ...more } })

export type Answer =
  /** A document of the contract, written as it is. */
  | { readonly status: number; readonly document: object }
  /** Text in pieces, made while it is sent. */
  | {
      readonly status: number
      readonly type: string
      readonly pieces: Stream.Stream<string, unknown>
      readonly headers?: Readonly<Record<string, string>>
    }
  | { readonly status: number; readonly type: string; readonly text: string }

export const ok = (document: object): Answer => ({ status: 200, document })
export const accepted = (document: object): Answer => ({ status: 202, document })
