/**
 * What happens to a value after it was made: the calls of its methods, and the timers that end it.
 *
 * @module
 */
import {
  above,
  type Call,
  type CallExpression,
  isFunction,
  nameOf,
  type Node,
  outermost,
  unwrap,
  within,
} from "./ast.ts"
import type { SourceCode } from "./lint.ts"
import { initOf, isGlobal, originOf, variableOf } from "./resolve.ts"
import { ofMilliseconds } from "./value.ts"
import type { Verdict } from "./verdict.ts"

/** A method call on a value: `value.name(...)`. */
export interface Use {
  readonly name: string
  readonly call: CallExpression
}

/** The expressions that read a value: the place where it was made, and every mention of the `const` that holds it. */
const mentions = (code: SourceCode, made: Node): ReadonlyArray<Node> => {
  let at = outermost(made)
  if (at.parent?.type === "AwaitExpression") at = outermost(at.parent)
  const holder = at.parent
  if (holder?.type !== "VariableDeclarator" || holder.init !== at || holder.id.type !== "Identifier") return [at]
  const references = variableOf(code, holder.id)?.references ?? []
  return references.flatMap(({ identifier }) => (identifier === holder.id ? [] : [outermost(identifier)]))
}

const chained = (mention: Node): ReadonlyArray<Use> => {
  const member = mention.parent
  if (member?.type !== "MemberExpression" || member.object !== mention) return []
  const name = nameOf(member)
  const callee = outermost(member)
  const call = callee.parent
  if (name === undefined || call?.type !== "CallExpression" || call.callee !== callee) return []
  return [{ name, call }, ...chained(outermost(call))]
}

/** The method calls on a value, also those chained one after another. */
export const usesOf = (code: SourceCode, made: Node): ReadonlyArray<Use> => mentions(code, made).flatMap(chained)

/** What is assigned to a property of a value: `value.name = …`. */
export const assignedTo = (code: SourceCode, made: Node, name: string): ReadonlyArray<Node> =>
  mentions(code, made).flatMap((mention) => {
    const member = mention.parent
    if (member?.type !== "MemberExpression" || member.object !== mention || nameOf(member) !== name) return []
    const assignment = outermost(member).parent
    return assignment?.type === "AssignmentExpression" && assignment.left === outermost(member)
      ? [assignment.right]
      : []
  })

/** Whether a value is given away, so that what ends it may lie where this file does not show it. */
export const escapes = (code: SourceCode, made: Node): boolean =>
  mentions(code, made).some((mention) => {
    switch (mention.parent?.type) {
      case "CallExpression":
        return mention.parent.callee !== mention
      case "AssignmentExpression":
        return mention.parent.right === mention
      case "ArrayExpression":
      case "NewExpression":
      case "Property":
      case "ReturnStatement":
        return true
      default:
        return false
    }
  })

const endings = new Set(["abort", "close", "destroy", "destroySoon", "end", "terminate", "disconnect"])

/** Whether a listener ends something: `() => request.destroy()`, `request.destroy`, `request.destroy.bind(request)`. */
export const ends = (code: SourceCode, listener: Node | undefined): boolean => {
  if (listener === undefined) return false
  const node = unwrap(listener)
  if (node.type === "MemberExpression") return endings.has(nameOf(node) ?? "")
  if (node.type === "CallExpression") {
    const callee = unwrap(node.callee)
    return callee.type === "MemberExpression" && nameOf(callee) === "bind" && ends(code, callee.object)
  }
  if (node.type === "Identifier") {
    const definition = variableOf(code, node)?.defs[0]?.node
    return ends(code, definition?.type === "FunctionDeclaration" ? definition : initOf(code, node))
  }
  if (!isFunction(node)) return false
  for (const inner of within(node.body)) {
    const callee = inner.type === "CallExpression" ? unwrap(inner.callee) : undefined
    if (callee?.type === "MemberExpression" && endings.has(nameOf(callee) ?? "")) return true
  }
  return false
}

const isTimer = (code: SourceCode, call: CallExpression): boolean => {
  const origin = originOf(code, call.callee)
  if (origin?.kind === "global") return origin.path.join(".") === "setTimeout"
  return origin?.kind === "module" && origin.module === "timers" && origin.path.join(".") === "setTimeout"
}

/** The call that a mention is handed to as what shall run later. */
const scheduledBy = (mention: Node): { readonly call: Call; readonly index: number } | undefined => {
  let from = mention
  for (const at of above(mention)) {
    const index = at.type === "CallExpression" || at.type === "NewExpression" ? at.arguments.indexOf(from) : -1
    if (index >= 0 && (at.type === "CallExpression" || at.type === "NewExpression")) {
      const callee = unwrap(at.callee)
      const isBind = callee.type === "MemberExpression" && nameOf(callee) === "bind"
      if (!isBind) return { call: at, index }
    }
    if (at.type === "FunctionDeclaration" || at.type === "Program") return undefined
    from = at
  }
  return undefined
}

/**
 * Whether one of these methods of the value is called by a timer, or when a signal aborts.
 *
 * @param judgeSignal the verdict on the signal whose `abort` event is listened to
 */
export const endedByTimer = (
  code: SourceCode,
  made: Node,
  methods: ReadonlyArray<string>,
  judgeSignal: (signal: Node) => Verdict,
): Verdict => {
  for (const mention of mentions(code, made)) {
    const member = mention.parent
    if (member?.type !== "MemberExpression" || member.object !== mention) continue
    if (!methods.includes(nameOf(member) ?? "")) continue
    const scheduled = scheduledBy(member)
    if (scheduled?.call.type !== "CallExpression") continue
    const { call, index } = scheduled
    const [first, second] = call.arguments
    if (index === 0 && second !== undefined && isTimer(code, call)) return ofMilliseconds(code, second, "bounded")
    const callee = unwrap(call.callee)
    const isListening = callee.type === "MemberExpression" && nameOf(callee) === "addEventListener"
    if (isListening && first?.type === "Literal" && first.value === "abort") return judgeSignal(callee.object)
  }
  return "missingTimeout"
}

/** Whether this call is one of the members of an array that `Promise.race` gets, or what `p-timeout` gets. */
export const isRaced = (code: SourceCode, call: Node): boolean => {
  let from = outermost(call)
  if (from.parent?.type === "AwaitExpression") from = outermost(from.parent)
  // `fetch(url).then(...)` is the same request.
  for (;;) {
    const member: Node | undefined = from.parent
    if (member?.type !== "MemberExpression" || member.object !== from || member.parent?.type !== "CallExpression") break
    from = outermost(member.parent)
  }
  const { parent } = from
  const outer = parent?.type === "ArrayExpression" ? parent.parent : parent
  if (outer?.type !== "CallExpression" || outer.callee === from) return false
  if (parent?.type === "ArrayExpression") return isGlobal(code, outer.callee, "Promise.race")
  const origin = originOf(code, outer.callee)
  return origin?.kind === "module" && origin.module === "p-timeout" && outer.arguments[0] === from
}
