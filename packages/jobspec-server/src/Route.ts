/**
 * What a route is: one table says what is served, who may, and how it is described.
 *
 * @module
 */
import type { Effect } from "effect"
import type { Capability } from "./Credentials.ts"
import type { Answer, Call } from "./Http.ts"

export type Method = "GET" | "POST" | "DELETE"

export interface QueryParameter {
  readonly name: string
  readonly description: string
  readonly type: "string" | "integer"
}

/** One answer as it is described: the name of its schema, or the media type of a text. */
export interface Described {
  readonly description: string
  readonly schema?: string
  readonly type?: string
}

/** One method of a route. */
export interface Operation {
  /** Unique over all routes. */
  readonly id: string
  readonly summary: string
  /** Any of these opens it; absent: nobody is asked. */
  readonly capabilities?: ReadonlyArray<Capability>
  readonly query?: ReadonlyArray<QueryParameter>
  /** The name of the body's schema. `isLate`: something is looked at before the body is. */
  readonly body?: { readonly schema: string; readonly isOptional?: boolean; readonly isLate?: boolean }
  readonly answers: Readonly<Record<number, Described>>
  readonly handle: (call: Call) => Effect.Effect<Answer, Error>
}

export interface Route {
  /** Segments in braces match one segment of any text. */
  readonly path: string
  /** Other paths that are the same. */
  readonly aliases?: ReadonlyArray<string>
  readonly operations: Readonly<Partial<Record<Method, Operation>>>
  /** DELETE and PATCH are asked for a token before they are told that there is no such method (JobSpec v0 §4.1). */
  readonly authorizesFirst?: boolean
  /** Where a segment may not hold a slash, even an encoded one: the path is then outside the mutation scope (§5.3). */
  readonly isOneSegment?: boolean
  /** What `Allow` says; absent: the operations' methods. */
  readonly allow?: (method: string) => string
}

export const allowOf = (route: Route, method: string): string =>
  route.allow?.(method) ?? Object.keys(route.operations).join(", ")
