/**
 * Where an expression comes from, by its binding and not by its spelling.
 *
 * @module
 */
import {
  type Call,
  type Identifier,
  type ImportSpecifier,
  isFunction,
  nameOf,
  type Node,
  type ObjectPattern,
  textOf,
  unwrap,
  type VariableDeclarator,
} from "./ast.ts"
import type { Definition, SourceCode, Variable } from "./lint.ts"

/**
 * What an expression stands for.
 *
 * `global` and `module`: the member `path` of a global or of what a module exports (`default` is left out, since CommonJS
 * and ESM disagree on it). `result`: a member of what a call gave back, such as an instance of a client.
 */
export type Origin =
  | { readonly kind: "global"; readonly path: ReadonlyArray<string> }
  | { readonly kind: "module"; readonly module: string; readonly path: ReadonlyArray<string> }
  | { readonly kind: "result"; readonly of: Origin; readonly call: Call; readonly path: ReadonlyArray<string> }
  | { readonly kind: "yielded"; readonly of: Origin; readonly path: ReadonlyArray<string> }
  | { readonly kind: "parameter"; readonly definition: Definition; readonly path: ReadonlyArray<string> }

/** Enough for an alias of an alias; a circle ends here. */
const hops_max = 8

const globalObjects = new Set(["globalThis", "window", "self", "global"])

export const variableOf = (code: SourceCode, identifier: Identifier): Variable | undefined => {
  for (let scope = code.getScope(identifier) as ReturnType<SourceCode["getScope"]> | null; scope; scope = scope.upper) {
    const variable = scope.set.get(identifier.name)
    if (variable !== undefined) return variable
  }
  return undefined
}

/** The only definition of a name; `undefined` for globals and for names that are declared more than once. */
export const definitionOf = (code: SourceCode, identifier: Identifier): Definition | undefined => {
  const defs = variableOf(code, identifier)?.defs ?? []
  return defs.length === 1 ? defs[0] : undefined
}

const isConst = ({ node }: Definition): boolean =>
  node.type === "VariableDeclarator" && node.parent?.type === "VariableDeclaration" && node.parent.kind === "const"

/** What a `const` was made from, where it takes the whole value. */
export const initOf = (code: SourceCode, identifier: Identifier): Node | undefined => {
  const definition = definitionOf(code, identifier)
  if (definition === undefined || !isConst(definition)) return undefined
  const { id, init } = definition.node as VariableDeclarator
  return id.type === "Identifier" && init !== null ? init : undefined
}

const bare = (module: string): string => module.replace(/^node:/, "")

const ofModule = (module: string | undefined, path: ReadonlyArray<string>): Origin | undefined =>
  module === undefined ? undefined : { kind: "module", module: bare(module), path }

export const memberOf = (origin: Origin, name: string): Origin => {
  const isSpelling = name === "default" && origin.kind === "module" && origin.path.length === 0
  const isGlobalObject = origin.kind === "global" && origin.path.length === 1 && globalObjects.has(origin.path[0] ?? "")
  if (isSpelling) return origin
  return { ...origin, path: isGlobalObject ? [name] : [...origin.path, name] }
}

const importedBy = ({ node }: Definition): Origin | undefined => {
  const from = node.parent?.type === "ImportDeclaration" ? textOf(node.parent.source) : undefined
  switch (node.type) {
    case "ImportDefaultSpecifier":
    case "ImportNamespaceSpecifier":
      return ofModule(from, [])
    case "ImportSpecifier": {
      const { imported } = node as ImportSpecifier
      const name = imported.type === "Identifier" ? imported.name : textOf(imported)
      return name === undefined ? undefined : ofModule(from, name === "default" ? [] : [name])
    }
    case "TSImportEqualsDeclaration":
      return node.moduleReference.type === "TSExternalModuleReference"
        ? ofModule(textOf(node.moduleReference.expression), [])
        : undefined
    default:
      return undefined
  }
}

/** The path of names by which a pattern takes a variable out of a value. */
const pathInPattern = (pattern: Node, name: string): ReadonlyArray<string> | undefined => {
  if (pattern.type === "Identifier") return pattern.name === name ? [] : undefined
  if (pattern.type === "AssignmentPattern") return pathInPattern(pattern.left, name)
  if (pattern.type !== "ObjectPattern") return undefined
  for (const property of (pattern as ObjectPattern).properties) {
    if (property.type !== "Property") continue
    const below = pathInPattern(property.value, name)
    const key = nameOf(property)
    if (below !== undefined && key !== undefined) return [key, ...below]
  }
  return undefined
}

const ofIdentifier = (code: SourceCode, identifier: Identifier, hops: number): Origin | undefined => {
  const variable = variableOf(code, identifier)
  if (variable === undefined || variable.defs.length === 0) return { kind: "global", path: [identifier.name] }
  const definition = variable.defs.length === 1 ? variable.defs[0] : undefined
  if (definition === undefined) return undefined
  if (definition.type === "ImportBinding" || definition.node.type === "TSImportEqualsDeclaration")
    return importedBy(definition)
  if (definition.type === "Parameter") {
    const params = isFunction(definition.node) ? definition.node.params : []
    const path = params.map((param) => pathInPattern(param, identifier.name)).find((found) => found !== undefined)
    return { kind: "parameter", definition, path: path ?? [] }
  }
  if (!isConst(definition)) return undefined
  const { id, init } = definition.node as VariableDeclarator
  const path = pathInPattern(id, identifier.name)
  const from = init === null || path === undefined ? undefined : originOf(code, init, hops + 1)
  return path?.reduce<Origin | undefined>((at, name) => (at === undefined ? at : memberOf(at, name)), from)
}

/** What a `const` object was written with under a name; `undefined` where a spread may have put another there. */
const propertyOf = (code: SourceCode, object: Node, name: string): Node | undefined => {
  const node = unwrap(object)
  const held = node.type === "Identifier" ? initOf(code, node) : node
  const literal = held === undefined ? undefined : unwrap(held)
  if (literal?.type !== "ObjectExpression") return undefined
  const last = literal.properties.findLast((each) => each.type !== "Property" || nameOf(each) === name)
  return last?.type === "Property" ? last.value : undefined
}

/** Where the value of an expression comes from; `undefined` where the source does not tell. */
export const originOf = (code: SourceCode, expression: Node, hops = 0): Origin | undefined => {
  if (hops > hops_max) return undefined
  const node = unwrap(expression)
  switch (node.type) {
    case "Identifier":
      return ofIdentifier(code, node, hops)
    case "MemberExpression": {
      const name = nameOf(node)
      const property = name === undefined ? undefined : propertyOf(code, node.object, name)
      if (property !== undefined) return originOf(code, property, hops + 1)
      const object = originOf(code, node.object, hops)
      return name === undefined || object === undefined ? undefined : memberOf(object, name)
    }
    case "AwaitExpression":
      return originOf(code, node.argument, hops)
    case "YieldExpression": {
      const of = node.argument === null ? undefined : originOf(code, node.argument, hops)
      return of === undefined ? undefined : { kind: "yielded", of, path: [] }
    }
    case "ImportExpression":
      return ofModule(textOf(node.source), [])
    case "CallExpression":
    case "NewExpression": {
      const of = originOf(code, node.callee, hops)
      if (of === undefined) return undefined
      const [first] = node.arguments
      if (of.kind === "global" && of.path.join(".") === "require" && first !== undefined)
        return ofModule(textOf(first), [])
      return { kind: "result", of, call: node, path: [] }
    }
    default:
      return undefined
  }
}

/** Whether an expression is this member of the global scope, such as `AbortSignal.timeout`. */
export const isGlobal = (code: SourceCode, expression: Node, path: string): boolean => {
  const origin = originOf(code, expression)
  return origin?.kind === "global" && origin.path.join(".") === path
}
