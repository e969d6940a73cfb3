/**
 * A law: one numbered guarantee that can be executed against whatever claims to keep it.
 *
 * @module
 */
import { Data, Effect, type Scope } from "effect"
import { inspect, isDeepStrictEqual } from "node:util"
import { firstDifference } from "./difference.ts"
import type { Level } from "./LawKind.ts"

/** One guarantee. A file of its own, whose default export it is: whoever lists laws finds it there. */
export interface Law<Subject> {
  /** `STORE-07`: the law's kind (one of `law_kinds`) and a number that is never given to another law. */
  readonly id: string
  /** What is promised, in one sentence. */
  readonly statement: string
  /** How it is broken in practice: the mistake that this law was written against. */
  readonly violation: string
  /** The level of JobSpec (§16.2) that it belongs to, where it belongs to one. */
  readonly level?: Level
  /** Where the promise is written: `JobSpec v0 §5.1`. */
  readonly source?: string
  /** Why it says nothing about this subject, or `undefined` when it does. */
  readonly appliesTo?: (subject: Subject) => string | undefined
  /** Why it could hold but is not looked at this time, or `undefined` when it is: what the caller would have to give. */
  readonly skips?: (subject: Subject) => string | undefined
  /** Succeeds when the law holds; fails with a {@link Violation}, or with whatever the subject failed with. */
  readonly check: (subject: Subject) => Effect.Effect<void, unknown, Scope.Scope>
}

const cut = "…"

/** A value as a report shows it. */
export const shown = (value: unknown): string => {
  const text = inspect(value, { depth: 4, breakLength: 110, maxStringLength: 200, maxArrayLength: 50 })
  return text.length > 1_500 ? `${text.slice(0, 1_500)}${cut}` : text
}

/** A text of ours among what was expected or found: shown as it is, and not quoted as a value would be. */
export class Words {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  [inspect.custom](): string {
    return this.text
  }
}

/**
 * What a law expected of its subject and did not find. `what` is what was looked at; it is empty where `expected` says it all.
 */
export class Violation extends Data.TaggedError("Violation")<{
  readonly what: string
  readonly expected: unknown
  readonly found: unknown
}> {
  override get message(): string {
    const about = this.what === "" ? "" : `${this.what}: `
    return `${about}expected ${shown(this.expected)}, found ${shown(this.found)}`
  }
}

/** A check found out on its way that the law says nothing about this subject; the message says why. */
export class DoesNotApply extends Error {
  override readonly name = "DoesNotApply"
}

/** Two values that are not the same data, as a report can show them: where they are too long, the first place that differs. */
export const differing = (what: string, found: unknown, expected: unknown): Violation => {
  const [one, other] = [shown(expected), shown(found)]
  const isWhole =
    one !== other && [one, other].every((text) => !text.endsWith(cut) && !/more (?:items?|char)/u.test(text))
  const first = isWhole ? undefined : firstDifference(expected, found)
  return first === undefined || first.path === ""
    ? new Violation({ what, expected, found })
    : new Violation({ what: `${what}, first at ${first.path}`, expected: first.expected, found: first.found })
}

/** Fails with a {@link Violation} unless both are the same data. */
export const same = (what: string, found: unknown, expected: unknown): Effect.Effect<void, Violation> =>
  isDeepStrictEqual(found, expected) ? Effect.void : Effect.fail(differing(what, found, expected))

/** Fails with a {@link Violation} unless it is so; `found` is what to show when it is not. */
export const holds = (what: string, isSo: boolean, found: unknown): Effect.Effect<void, Violation> =>
  isSo ? Effect.void : Effect.fail(new Violation({ what: "", expected: new Words(`that ${what}`), found }))

/** Fails with a {@link Violation} unless the effect fails with an error of this tag. */
export const refused = <A, E, R>(
  what: string,
  effect: Effect.Effect<A, E, R>,
  tag: string,
): Effect.Effect<void, Violation, R> =>
  Effect.flatMap(Effect.result(effect), (result) => {
    if (result._tag === "Success") return Effect.fail(new Violation({ what, expected: tag, found: result.success }))
    const { failure } = result
    const found = typeof failure === "object" && failure !== null && "_tag" in failure ? failure._tag : failure
    return same(what, found, tag)
  })
