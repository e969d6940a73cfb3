/**
 * How a server that workers talk to can be of no use, each with what to do about it.
 *
 * They stand in the `cause` of `QueueUnavailable`. None of them holds a token, whatever the server said.
 *
 * @module
 */
import { Data } from "effect"

/** There was no answer: nothing listens there, the connection was cut, or it took too long. It may pass. */
export class ServerUnreachable extends Data.TaggedError("ServerUnreachable")<{
  /** The system's name of the error, such as `ECONNREFUSED`, or `TIME_LIMIT`. */
  readonly code: string
  readonly reason: string
}> {
  override get message(): string {
    const { code, reason } = this
    return code === "ECONNREFUSED" ? `${reason} (${code}): is the server running there?` : `${reason} (${code})`
  }
}

/** The server does not let this token work. It will not pass by itself. */
export class NotAuthorized extends Data.TaggedError("NotAuthorized")<{
  readonly status: 401 | 403
  readonly said: string
}> {
  override get message(): string {
    return `the server refuses this worker (${this.status}: ${this.said}): it needs a token with the capability "work"`
  }
}

/** Something answers there, and it has no routes for workers. It will not pass by itself. */
export class NoWorkerRoutes extends Data.TaggedError("NoWorkerRoutes")<{
  readonly status: number
  readonly path: string
}> {
  override get message(): string {
    return `it has no worker routes (${this.status} at ${this.path}): is it a Waybill server, and of this version?`
  }
}

/** The server has too much to do (429), is stopping or cannot write now (503). It passes. */
export class ServerBusy extends Data.TaggedError("ServerBusy")<{
  readonly status: number
  readonly said: string
  /** When to come back, where it has said so. */
  readonly retryAfter_ms?: number
}> {
  override get message(): string {
    return `the server is busy (${this.status}: ${this.said})`
  }
}

/** The server refuses what was asked, or failed at it. `code` is the name of the mistake where it has told one. */
export class ServerRefused extends Data.TaggedError("ServerRefused")<{
  readonly status: number
  readonly said: string
  readonly code?: string
}> {
  override get message(): string {
    return `the server refuses (${this.status}${this.code === undefined ? "" : ` ${this.code}`}): ${this.said}`
  }
}

/** What came is no answer of a Waybill server. */
export class UnexpectedAnswer extends Data.TaggedError("UnexpectedAnswer")<{
  readonly status: number
  readonly reason: string
}> {
  override get message(): string {
    return `the answer (${this.status}) is none of a Waybill server: ${this.reason}`
  }
}

export type ServerError =
  | ServerUnreachable
  | NotAuthorized
  | NoWorkerRoutes
  | ServerBusy
  | ServerRefused
  | UnexpectedAnswer
