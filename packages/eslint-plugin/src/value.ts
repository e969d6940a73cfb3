/**
 * Values that are known from the source: what an expression may be, and the numbers in it.
 *
 * @module
 */
import { isFunction, nameOf, type Node, type ObjectExpression, textOf, unwrap } from "./ast.ts"
import type { SourceCode } from "./lint.ts"
import { initOf, originOf } from "./resolve.ts"
import { type Verdict, worst } from "./verdict.ts"

/** Node's timers hold a signed 32-bit number of milliseconds; above it they fire after 1 ms. */
const timer_max = 2_147_483_647

const hops_max = 8

/** What an expression may stand for: through wrappers, `const`, and both branches of a choice. */
export const alternatives = (code: SourceCode, expression: Node, hops = 0): ReadonlyArray<Node> => {
  const node = unwrap(expression)
  if (hops > hops_max) return [node]
  if (node.type === "ConditionalExpression")
    return [node.consequent, node.alternate].flatMap((branch) => alternatives(code, branch, hops))
  if (node.type === "LogicalExpression")
    return [node.left, node.right].flatMap((side) => alternatives(code, side, hops))
  const init = node.type === "Identifier" ? initOf(code, node) : undefined
  return init === undefined ? [node] : alternatives(code, init, hops + 1)
}

/** As bounded as the weakest of what the expression may stand for. */
export const ofEach = (code: SourceCode, expression: Node, judge: (node: Node) => Verdict): Verdict =>
  worst(...alternatives(code, expression).map(judge))

const isNothing = (node: Node): boolean =>
  (node.type === "Literal" && (node.value === null || node.value === false)) ||
  (node.type === "Identifier" && node.name === "undefined") ||
  (node.type === "UnaryExpression" && node.operator === "void")

/** A number that the source spells out, also as a sum or product of such numbers. */
const numberOf = (code: SourceCode, expression: Node): number | undefined => {
  const node = unwrap(expression)
  if (node.type === "Literal") {
    if (typeof node.value === "number") return node.value
    return typeof node.value === "bigint" ? Number(node.value) : undefined
  }
  if (node.type === "Identifier") {
    const init = initOf(code, node)
    if (init !== undefined) return numberOf(code, init)
    return node.name === "Infinity" || node.name === "NaN" ? Number(node.name) : undefined
  }
  if (node.type === "MemberExpression") {
    const origin = originOf(code, node)
    return origin?.kind === "global" && origin.path.join(".") === "Number.POSITIVE_INFINITY" ? Infinity : undefined
  }
  if (node.type === "UnaryExpression") {
    const value = numberOf(code, node.argument)
    if (value === undefined) return undefined
    return node.operator === "-" ? -value : node.operator === "+" ? value : undefined
  }
  if (node.type !== "BinaryExpression") return undefined
  const [left, right] = [numberOf(code, node.left), numberOf(code, node.right)]
  if (left === undefined || right === undefined) return undefined
  switch (node.operator) {
    case "*":
      return left * right
    case "+":
      return left + right
    case "-":
      return left - right
    case "/":
      return left / right
    case "**":
      return left ** right
    default:
      return undefined
  }
}

const ofNumber = (ms: number, zero: Verdict): Verdict => {
  if (ms === 0) return zero
  if (!(ms > 0) || ms === Infinity) return "infiniteTimeout"
  return ms > timer_max ? "timeoutOverflow" : "bounded"
}

/**
 * The verdict on a number of milliseconds. An expression that is not spelled out counts as a limit: its author wrote one.
 *
 * @param zero what 0 means where this number goes: no limit at all, or one that has already passed
 */
export const ofMilliseconds = (code: SourceCode, expression: Node, zero: Verdict = "infiniteTimeout"): Verdict =>
  ofEach(code, expression, (node) => {
    if (isNothing(node)) return "infiniteTimeout"
    const ms = numberOf(code, node)
    return ms === undefined ? "bounded" : ofNumber(ms, zero)
  })

const amount = /^\s*(-?(?:\d+(?:\.\d+)?|infinity))\s*[a-z]*\s*$/i

/** The verdict on a duration as Effect reads it: milliseconds, `"5 seconds"`, `Duration.seconds(5)`. */
export const ofDuration = (code: SourceCode, expression: Node): Verdict =>
  ofEach(code, expression, (node) => {
    const text = textOf(node)
    if (text !== undefined) {
      const digits = amount.exec(text)?.[1]?.toLowerCase()
      return digits === undefined ? "bounded" : ofNumber(Number(digits.replace("infinity", "Infinity")), "zeroAborts")
    }
    const origin = originOf(code, node.type === "CallExpression" ? node.callee : node)
    const name = origin?.kind === "module" && origin.module.startsWith("effect") ? origin.path.at(-1) : undefined
    if (name === "infinity") return "infiniteTimeout"
    if (name === "zero") return "zeroAborts"
    const [first] = node.type === "CallExpression" ? node.arguments : []
    return ofMilliseconds(code, first ?? node, "zeroAborts")
  })

/** What an object holds under a name; `undefined` where it does not, `"unknown"` where a spread may bring it. */
export const entryOf = (code: SourceCode, object: ObjectExpression, name: string): Node | "unknown" | undefined => {
  let found: Node | "unknown" | undefined
  for (const property of object.properties) {
    if (property.type === "Property") {
      const key = nameOf(property)
      if (key === name) found = property.value
      else if (key === undefined) found ??= "unknown"
      continue
    }
    for (const spread of alternatives(code, property.argument)) {
      if (spread.type === "ObjectExpression") found = entryOf(code, spread, name) ?? found
      else if (!isNothing(spread)) found ??= "unknown"
    }
  }
  return found
}

/**
 * The verdict on one option of an options object, `a.b` being the option `b` of the option `a`.
 *
 * @param options what is passed where the options go; `undefined` where nothing is
 */
export const ofOption = (
  code: SourceCode,
  options: Node | undefined,
  name: string,
  judge: (value: Node) => Verdict,
): Verdict => {
  if (options === undefined) return "missingTimeout"
  const [head = name, ...rest] = name.split(".")
  return ofEach(code, options, (node) => {
    if (isNothing(node) || isFunction(node) || textOf(node) !== undefined) return "missingTimeout"
    if (node.type !== "ObjectExpression") return "unknown"
    const value = entryOf(code, node, head)
    if (value === undefined) return "missingTimeout"
    if (value === "unknown") return "unknown"
    return rest.length === 0 ? judge(value) : ofOption(code, value, rest.join("."), judge)
  })
}

/** The argument at a place; a spread before it hides which one it is. */
export const argumentAt = (args: ReadonlyArray<Node>, index: number): Node | "unknown" | undefined => {
  for (const argument of args.slice(0, index + 1)) if (argument.type === "SpreadElement") return "unknown"
  return args[index]
}
