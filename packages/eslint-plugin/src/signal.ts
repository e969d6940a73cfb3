/**
 * How well an abort signal bounds what it is given to.
 *
 * @module
 */
import { isFunction, nameOf, type Node, textOf, unwrap } from "./ast.ts"
import { effectOf, limitAround } from "./effect.ts"
import type { SourceCode } from "./lint.ts"
import { initOf, isGlobal, originOf } from "./resolve.ts"
import { endedByTimer, escapes } from "./uses.ts"
import { alternatives, ofEach, ofMilliseconds } from "./value.ts"
import { best, type Verdict } from "./verdict.ts"

const isController = (code: SourceCode, node: Node): boolean =>
  node.type === "NewExpression" && isGlobal(code, node.callee, "AbortController")

/** The `new AbortController()` that a mention of the controller stands for. */
const controllerOf = (code: SourceCode, expression: Node): Node | undefined => {
  const node = unwrap(expression)
  if (isController(code, node)) return node
  const init = node.type === "Identifier" ? initOf(code, node) : undefined
  return init === undefined ? undefined : controllerOf(code, init)
}

const ofController = (code: SourceCode, controller: Node): Verdict => {
  const verdict = endedByTimer(code, controller, ["abort"], (signal) => ofSignal(code, signal))
  if (verdict !== "missingTimeout") return verdict
  return escapes(code, controller) ? "unknown" : "signalNotBounded"
}

/** The names under which handlers receive their context. */
const contextNames = new Set(["ctx", "context"])

/** The `Effect.tryPromise` that a function is the promise of. */
const tryPromiseOf = (code: SourceCode, fn: Node): Node | undefined => {
  if (!isFunction(fn)) return undefined
  const property = fn.parent?.type === "Property" && nameOf(fn.parent) === "try" ? fn.parent : undefined
  const call = property === undefined ? fn.parent : property.parent?.parent
  if (call?.type !== "CallExpression") return undefined
  return ["tryPromise", "promise"].includes(effectOf(originOf(code, call.callee)) ?? "") ? call : undefined
}

const ofParameter = (code: SourceCode, path: ReadonlyArray<string>, name: string, fn: Node): Verdict => {
  const tryPromise = tryPromiseOf(code, fn)
  if (tryPromise !== undefined) {
    // Effect aborts this signal when the fiber is interrupted, which takes a limit around it.
    const limit = limitAround(code, tryPromise)
    return limit === "missingTimeout" ? "signalNotBounded" : limit
  }
  return path.at(-1) === "signal" && contextNames.has(name) ? "bounded" : "trusted"
}

const ofCall = (code: SourceCode, callee: Node, args: ReadonlyArray<Node>): Verdict => {
  const [first] = args
  if (isGlobal(code, callee, "AbortSignal.timeout"))
    return first === undefined ? "infiniteTimeout" : ofMilliseconds(code, first, "zeroAborts")
  if (isGlobal(code, callee, "AbortSignal.abort")) return "bounded"
  if (!isGlobal(code, callee, "AbortSignal.any") || first === undefined) return "unknown"
  return ofEach(code, first, (list) => {
    if (list.type !== "ArrayExpression") return "unknown"
    const members = list.elements.flatMap((member) => (member === null ? [] : [member]))
    return best(...members.map((member) => (member.type === "SpreadElement" ? "unknown" : ofSignal(code, member))))
  })
}

const isNothing = (code: SourceCode, node: Node): boolean =>
  (node.type === "Literal" && node.value !== true) || isGlobal(code, node, "undefined") || textOf(node) !== undefined

const firstName = (node: Node): string => {
  const inner = unwrap(node)
  if (inner.type === "MemberExpression") return firstName(inner.object)
  return inner.type === "Identifier" ? inner.name : ""
}

/** The verdict on an expression that is used as an abort signal. */
export const ofSignal = (code: SourceCode, expression: Node): Verdict =>
  ofEach(code, expression, (node) => {
    if (isNothing(code, node)) return "infiniteTimeout"
    if (node.type === "CallExpression") return ofCall(code, node.callee, node.arguments)
    if (node.type === "MemberExpression" && nameOf(node) === "signal") {
      const controllers = alternatives(code, node.object).map((object) => controllerOf(code, object))
      const [controller] = controllers
      if (controller !== undefined) return ofController(code, controller)
    }
    const origin = originOf(code, node)
    if (origin?.kind === "parameter")
      return ofParameter(code, origin.path, origin.path.length > 0 ? contextName(node) : "", origin.definition.node)
    if (origin?.kind === "result" && origin.path.join(".") === "signal" && isController(code, origin.call))
      return ofController(code, origin.call)
    return "unknown"
  })

/** The name of the parameter a signal is taken from; one that is taken apart in the parameter list counts as a context. */
const contextName = (node: Node): string => (node.type === "Identifier" ? "ctx" : firstName(node))

/** Whether the expression is one of the bounded connections that a command's context hands out. */
export const isOfContext = (code: SourceCode, expression: Node, members: ReadonlyArray<string>): boolean =>
  alternatives(code, expression).every((node) => {
    const origin = originOf(code, node)
    return origin?.kind === "parameter" && members.includes(origin.path.at(-1) ?? "")
  })
