/**
 * Time limits of Effect: `Effect.timeout` in the same pipe, or around the generator that yields the call.
 *
 * @module
 */
import { above, type CallExpression, isFunction, nameOf, type Node, unwrap } from "./ast.ts"
import type { SourceCode } from "./lint.ts"
import { type Origin, originOf } from "./resolve.ts"
import { entryOf, ofDuration } from "./value.ts"
import { best, type Verdict } from "./verdict.ts"

const limits = new Set(["timeout", "timeoutOption", "timeoutOrElse", "timeoutFail", "timeoutFailCause", "timeoutTo"])

/** The member of the `Effect` module that an origin is, such as `timeout`. */
export const effectOf = (origin: Origin | undefined): string | undefined => {
  if (origin?.kind !== "module") return undefined
  const [first, second] = origin.path
  if (origin.module === "effect" && first === "Effect") return second
  return origin.module === "effect/Effect" ? first : undefined
}

const ofLimit = (code: SourceCode, limit: Node): Verdict => {
  const node = unwrap(limit)
  if (node.type !== "CallExpression" || !limits.has(effectOf(originOf(code, node.callee)) ?? ""))
    return "missingTimeout"
  const last = node.arguments.at(-1)
  if (last === undefined) return "missingTimeout"
  const options = unwrap(last)
  if (options.type !== "ObjectExpression") return ofDuration(code, options)
  const duration = entryOf(code, options, "duration")
  if (duration === "unknown") return "unknown"
  return duration === undefined ? "missingTimeout" : ofDuration(code, duration)
}

/** The limits that a call puts on the argument, or on the object, through which it was reached. */
const ofStage = (code: SourceCode, call: CallExpression, from: Node): Verdict => {
  const index = call.arguments.indexOf(from)
  // Data first: `Effect.timeout(effect, "5 seconds")`.
  if (index === 0 && call.arguments.length > 1 && ofLimit(code, call) !== "missingTimeout") return ofLimit(code, call)
  const callee = unwrap(call.callee)
  const isPiped = index < 0 && callee.type === "MemberExpression" && nameOf(callee) === "pipe"
  if (index < 0 && !isPiped) return "missingTimeout"
  return best(...call.arguments.slice(index + 1).map((stage) => ofLimit(code, stage)))
}

/**
 * The best limit around an effect. It is looked for up to the function that the effect is returned from, unless that
 * function is itself handed to a call, as a generator is to `Effect.gen`.
 */
export const limitAround = (code: SourceCode, effect: Node): Verdict => {
  let verdict: Verdict = "missingTimeout"
  let from = effect
  for (const at of above(effect)) {
    if (at.type === "CallExpression") verdict = best(verdict, ofStage(code, at, from))
    if (verdict === "bounded") return verdict
    const isHandedOver =
      at.parent?.type === "CallExpression" || at.parent?.type === "Property" || at.parent?.type === "YieldExpression"
    if (isFunction(at) && !isHandedOver) return verdict
    from = at
  }
  return verdict
}
