/**
 * Which command's handler a piece of code runs in.
 *
 * @module
 */
import {
  above,
  type FunctionNode,
  isFunction,
  nameOf,
  type Node,
  type ObjectExpression,
  outermost,
  unwrap,
  within,
} from "./ast.ts"
import type { SourceCode } from "./lint.ts"
import { originOf, variableOf } from "./resolve.ts"
import { entryOf } from "./value.ts"

/** What only the registration of a command holds beside `execute`. */
const telling = ["exit_codes", "danger_level", "output_schema", "job_descriptor_schema"] as const

/** Whether an object that has an `execute` is a command: by what else it holds, or by what it is handed to. */
const isRegistration = (code: SourceCode, object: ObjectExpression): boolean => {
  if (telling.some((name) => entryOf(code, object, name) !== undefined)) return true
  const place = outermost(object)
  if (place.parent?.type !== "CallExpression" || place.parent.callee === place) return false
  const maker = originOf(code, place.parent.callee)
  return maker?.kind === "module" && maker.module === "@waybill/command" && maker.path.join(".") === "command"
}

/** Every place where a function stands or is named. */
const placesOf = (code: SourceCode, fn: FunctionNode): ReadonlyArray<Node> => {
  const at = outermost(fn)
  const holder = at.parent?.type === "VariableDeclarator" && at.parent.init === at ? at.parent.id : undefined
  const name = fn.type === "FunctionDeclaration" ? fn.id : holder
  if (name === undefined || name === null || name.type !== "Identifier") return [at]
  const references = variableOf(code, name)?.references ?? []
  return [at, ...references.flatMap(({ identifier }) => (identifier === name ? [] : [outermost(identifier)]))]
}

/** The registration whose `execute` is a function: written there, named there, or handed to what makes the handler. */
const registrationOf = (code: SourceCode, fn: FunctionNode): ObjectExpression | undefined => {
  for (let place of placesOf(code, fn)) {
    while (place.parent?.type === "CallExpression" && place.parent.callee !== place) place = outermost(place.parent)
    const property = place.parent
    const object = property?.parent
    if (property?.type !== "Property" || nameOf(property) !== "execute") continue
    if (object?.type === "ObjectExpression" && isRegistration(code, object)) return object
  }
  return undefined
}

/** The registration of the command whose handler a node lies in. */
export const registrationAround = (code: SourceCode, node: Node): ObjectExpression | undefined => {
  for (const at of above(node)) {
    const registration = isFunction(at) ? registrationOf(code, at) : undefined
    if (registration !== undefined) return registration
  }
  return undefined
}

/** The registration of the command whose context a call takes `fetch` from: `ctx.fetch(…)`, however `ctx` is named. */
export const registrationOfFetch = (code: SourceCode, callee: Node): ObjectExpression | undefined => {
  const origin = originOf(code, unwrap(callee))
  if (origin?.kind !== "parameter" || origin.path.join(".") !== "fetch") return undefined
  const handler = origin.definition.node
  const context = isFunction(handler) ? handler.params[1] : undefined
  if (!isFunction(handler) || context === undefined || origin.definition.name === undefined) return undefined
  const isContext = [...within(context)].includes(origin.definition.name)
  return isContext ? registrationOf(code, handler) : undefined
}
