/**
 * What a call calls: the function itself, also through `call`, `apply`, `bind`, `Reflect.apply` and `Reflect.construct`.
 *
 * @module
 */
import { type Call, nameOf, type Node, unwrap } from "./ast.ts"
import type { SourceCode } from "./lint.ts"
import { initOf, isGlobal, originOf } from "./resolve.ts"

/** A function and what it is called with, however the call is spelled. */
export interface Called {
  readonly callee: Node
  readonly args: ReadonlyArray<Node>
  readonly how: "call" | "new"
}

/** Enough for a bound function that was bound before; a circle ends here. */
const hops_max = 8

/** The arguments that a list stands for: those it holds, or a spread of what is not spelled out. */
const listed = (code: SourceCode, list: Node | undefined, hops = 0): ReadonlyArray<Node> => {
  if (list === undefined) return []
  const node = unwrap(list)
  const init = node.type === "Identifier" && hops < hops_max ? initOf(code, node) : undefined
  if (init !== undefined) return listed(code, init, hops + 1)
  if (node.type !== "ArrayExpression" || node.elements.includes(null))
    return [{ type: "SpreadElement", argument: list }]
  return node.elements.flatMap((element) => (element === null ? [] : [element]))
}

/** Methods that call what they are given, with what they hold: no options can be among that. */
const callers = new Set(["filter", "find", "flatMap", "forEach", "map", "reduce", "some", "then"])
const timers: Readonly<Record<string, number>> = { setImmediate: 1, setInterval: 2, setTimeout: 2 }

/** The call that somebody else makes: `urls.map(fetch)`, `setTimeout(fetch, 5, url)`. */
const handed = (code: SourceCode, callee: Node, args: ReadonlyArray<Node>): Called | undefined => {
  const [first] = args
  const given = first === undefined ? undefined : unwrap(first)
  // A function that is written there has calls of its own to look at.
  if (given?.type !== "Identifier" && given?.type !== "MemberExpression") return undefined
  const node = unwrap(callee)
  const origin = originOf(code, node)
  const timer = origin?.kind === "global" && origin.path.length === 1 ? timers[origin.path[0] ?? ""] : undefined
  if (timer !== undefined) return { callee: given, args: args.slice(timer), how: "call" }
  const isCaller = node.type === "MemberExpression" && origin?.kind !== "module" && callers.has(nameOf(node) ?? "")
  return isCaller ? { callee: given, args: [], how: "call" } : undefined
}

/** One spelling taken off; `undefined` where the call is spelled as it is. */
const unspelled = (code: SourceCode, { args, callee, how }: Called, hops: number): Called | undefined => {
  if (hops > hops_max) return undefined
  const node = unwrap(callee)
  if (node.type === "Identifier") {
    const init = initOf(code, node)
    if (init !== undefined) return unspelled(code, { args, callee: init, how }, hops + 1)
    return how === "call" ? handed(code, node, args) : undefined
  }
  // `f.bind(self, a)(b)` calls f with a and b.
  if (node.type === "CallExpression") {
    const bind = unwrap(node.callee)
    if (bind.type !== "MemberExpression" || nameOf(bind) !== "bind") return undefined
    return { callee: bind.object, args: [...node.arguments.slice(1), ...args], how }
  }
  if (how === "new" || node.type !== "MemberExpression") return undefined
  if (isGlobal(code, node, "Reflect.apply") || isGlobal(code, node, "Reflect.construct")) {
    const [target, first, second] = args
    if (target === undefined) return undefined
    const isApply = nameOf(node) === "apply"
    return { callee: target, args: listed(code, isApply ? second : first), how: isApply ? "call" : "new" }
  }
  switch (nameOf(node)) {
    case "call":
      return { callee: node.object, args: args.slice(1), how }
    case "apply":
      return { callee: node.object, args: listed(code, args[1]), how }
    default:
      return handed(code, node, args)
  }
}

/** What a call may be read as, the way it is spelled first. */
export const readings = (code: SourceCode, call: Call): ReadonlyArray<Called> => {
  const found: Array<Called> = []
  let at: Called | undefined = {
    callee: call.callee,
    args: call.arguments,
    how: call.type === "NewExpression" ? "new" : "call",
  }
  while (at !== undefined && found.length < hops_max) {
    found.push(at)
    at = unspelled(code, at, found.length)
  }
  return found
}
