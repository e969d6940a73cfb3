/**
 * Requests and answers as the routes see them.
 *
 * @module
 */
import type { JsonObject } from "@waybill/ledger"
import { Data, type Effect } from "effect"
import type { Credential } from "./Credentials.ts"

/** Header values by name in lower case, as Node tells them. */
export type Headers = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

/** The value of a header; of a repeated one, the first. */
export const header = (headers: Headers, name: string): string | undefined => {
  const value = headers[name]
  return typeof value === "string" ? value : value?.[0]
}

/** A request whose path has found its route. */
export interface Call {
  readonly headers: Headers
  /** The parts of the path that the route names, decoded. */
  readonly parameters: Readonly<Record<string, string>>
  /** The first value of a query parameter. */
  readonly query: (name: string) => string | undefined
  /** Who asks, on routes that change something. */
  readonly caller: Credential
  /** The body as one JSON object; fails where it is missing. */
  readonly body: Effect.Effect<JsonObject, Refused>
  /** The same, where the body may be missing: then it is `{}`. */
  readonly optionalBody: Effect.Effect<JsonObject, Refused>
  /** Whether the peer has gone, so that nobody will read the answer. */
  readonly isGone: () => boolean
}

/** The job that a path names, trimmed as at submission: whoever has to call `.` or `..` can write `%20.`, which no URL folds. */
export const jobIdIn = ({ parameters }: Pick<Call, "parameters">): string => (parameters["id"] ?? "").trim()

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

/** A refusal with the contract's text, and further fields of the body where it has some. */
export const refuse = (status: number, error: string, more: object = {}): Refused =>
  new Refused({ status, body: { error, ...more } })

/** Where the body of an answer goes that is made while it is sent. */
export interface Outlet {
  /** Writes, and waits until the peer has taken enough. */
  readonly write: (bytes: Uint8Array | string) => Effect.Effect<void>
  /** Writes without a look at what the peer has taken. */
  readonly push: (bytes: Uint8Array) => void
  /** Whether the peer has taken enough of what was pushed. */
  readonly hasTaken: () => boolean
  /** Waits until it has. */
  readonly taken: Effect.Effect<void>
}

/** Writes for as long as it likes. */
export type Follow = (outlet: Outlet) => Effect.Effect<void, Error>

export type Answer =
  /** A document of the contract, written piece by piece as far as it is large. */
  | { readonly status: number; readonly document: object }
  | { readonly status: number; readonly type: string; readonly text: string }
  /** What is made while it is sent, until this ends. */
  | { readonly status: number; readonly type: string; readonly follow: Follow }
  /** No body at all. */
  | { readonly status: 204 }

export const ok = (document: object): Answer => ({ status: 200, document })
export const accepted = (document: object): Answer => ({ status: 202, document })

export const json_type = "application/json"
