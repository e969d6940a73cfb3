/**
 * The part of the syntax tree that the rules read.
 *
 * ESLint and oxlint hand out the same tree (ESTree, with the TypeScript nodes of typescript-eslint). Only what is read is
 * typed; a node of another type matches nothing.
 *
 * @module
 */

interface Base {
  /** Missing on the program alone, and where a tree was made by hand. */
  readonly parent?: Node
  readonly loc?: Location | null
}

export interface Location {
  readonly start: { readonly line: number; readonly column: number }
  readonly end: { readonly line: number; readonly column: number }
}

export interface Identifier extends Base {
  readonly type: "Identifier"
  readonly name: string
}
export interface Literal extends Base {
  readonly type: "Literal"
  readonly value: unknown
}
export interface TemplateLiteral extends Base {
  readonly type: "TemplateLiteral"
  readonly quasis: ReadonlyArray<{ readonly value: { readonly cooked?: string | null } }>
  readonly expressions: ReadonlyArray<Node>
}
export interface MemberExpression extends Base {
  readonly type: "MemberExpression"
  readonly object: Node
  readonly property: Node
  readonly computed: boolean
}
export interface CallExpression extends Base {
  readonly type: "CallExpression"
  readonly callee: Node
  readonly arguments: ReadonlyArray<Node>
}
export interface NewExpression extends Base {
  readonly type: "NewExpression"
  readonly callee: Node
  readonly arguments: ReadonlyArray<Node>
}
export interface ImportExpression extends Base {
  readonly type: "ImportExpression"
  readonly source: Node
}
export interface Property extends Base {
  readonly type: "Property"
  readonly key: Node
  readonly value: Node
  readonly computed: boolean
}
export interface SpreadElement extends Base {
  readonly type: "SpreadElement"
  readonly argument: Node
}
export interface ObjectExpression extends Base {
  readonly type: "ObjectExpression"
  readonly properties: ReadonlyArray<Property | SpreadElement>
}
export interface ArrayExpression extends Base {
  readonly type: "ArrayExpression"
  readonly elements: ReadonlyArray<Node | null>
}
export interface ObjectPattern extends Base {
  readonly type: "ObjectPattern"
  readonly properties: ReadonlyArray<Property | { readonly type: "RestElement" }>
}
export interface ConditionalExpression extends Base {
  readonly type: "ConditionalExpression"
  readonly consequent: Node
  readonly alternate: Node
}
export interface LogicalExpression extends Base {
  readonly type: "LogicalExpression"
  readonly operator: string
  readonly left: Node
  readonly right: Node
}
export interface BinaryExpression extends Base {
  readonly type: "BinaryExpression"
  readonly operator: string
  readonly left: Node
  readonly right: Node
}
export interface UnaryExpression extends Base {
  readonly type: "UnaryExpression"
  readonly operator: string
  readonly argument: Node
}
export interface SequenceExpression extends Base {
  readonly type: "SequenceExpression"
  readonly expressions: ReadonlyArray<Node>
}
export interface AwaitExpression extends Base {
  readonly type: "AwaitExpression"
  readonly argument: Node
}
export interface YieldExpression extends Base {
  readonly type: "YieldExpression"
  readonly argument: Node | null
}
export interface AssignmentPattern extends Base {
  readonly type: "AssignmentPattern"
  readonly left: Node
  readonly right: Node
}
export interface VariableDeclarator extends Base {
  readonly type: "VariableDeclarator"
  readonly id: Node
  readonly init: Node | null
}
export interface VariableDeclaration extends Base {
  readonly type: "VariableDeclaration"
  readonly kind: string
}
export interface ImportDeclaration extends Base {
  readonly type: "ImportDeclaration"
  readonly source: Literal
}
export interface ImportSpecifier extends Base {
  readonly type: "ImportSpecifier"
  readonly imported: Identifier | Literal
}
export interface ImportDefaultSpecifier extends Base {
  readonly type: "ImportDefaultSpecifier"
}
export interface ImportNamespaceSpecifier extends Base {
  readonly type: "ImportNamespaceSpecifier"
}
export interface ImportEquals extends Base {
  readonly type: "TSImportEqualsDeclaration"
  readonly moduleReference: Node
}
export interface ExternalModule extends Base {
  readonly type: "TSExternalModuleReference"
  readonly expression: Node
}
export interface FunctionNode extends Base {
  readonly type: "FunctionExpression" | "ArrowFunctionExpression" | "FunctionDeclaration"
  /** Its own name; of an arrow function there is none. */
  readonly id?: Node | null
  readonly params: ReadonlyArray<Node>
  readonly body: Node
}
/** Nodes that only wrap an expression: `?.`, `as`, `satisfies`, `<T>x`, `x!`, `f<T>`, parentheses. */
export interface Wrapper extends Base {
  readonly type:
    | "ChainExpression"
    | "ParenthesizedExpression"
    | "TSAsExpression"
    | "TSSatisfiesExpression"
    | "TSTypeAssertion"
    | "TSNonNullExpression"
    | "TSInstantiationExpression"
  readonly expression: Node
}
export interface Program extends Base {
  readonly type: "Program"
}
export interface ReturnStatement extends Base {
  readonly type: "ReturnStatement"
}
export interface AssignmentExpression extends Base {
  readonly type: "AssignmentExpression"
  readonly left: Node
  readonly right: Node
}

export type Node =
  | ArrayExpression
  | AssignmentExpression
  | AssignmentPattern
  | AwaitExpression
  | BinaryExpression
  | CallExpression
  | ConditionalExpression
  | ExternalModule
  | FunctionNode
  | Identifier
  | ImportDeclaration
  | ImportDefaultSpecifier
  | ImportEquals
  | ImportExpression
  | ImportNamespaceSpecifier
  | ImportSpecifier
  | Literal
  | LogicalExpression
  | MemberExpression
  | NewExpression
  | ObjectExpression
  | ObjectPattern
  | Program
  | Property
  | ReturnStatement
  | SequenceExpression
  | SpreadElement
  | TemplateLiteral
  | UnaryExpression
  | VariableDeclaration
  | VariableDeclarator
  | Wrapper
  | YieldExpression

/** A call of something, with or without `new`. */
export type Call = CallExpression | NewExpression

export const isWrapper = (node: Node): node is Wrapper =>
  node.type === "ChainExpression" ||
  node.type === "ParenthesizedExpression" ||
  node.type === "TSAsExpression" ||
  node.type === "TSSatisfiesExpression" ||
  node.type === "TSTypeAssertion" ||
  node.type === "TSNonNullExpression" ||
  node.type === "TSInstantiationExpression"

export const isFunction = (node: Node): node is FunctionNode =>
  node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression" || node.type === "FunctionDeclaration"

/** The expression inside everything that changes only its type or its spelling; of `(0, f)` it is `f`. */
export const unwrap = (node: Node): Node => {
  if (isWrapper(node)) return unwrap(node.expression)
  const last = node.type === "SequenceExpression" ? node.expressions.at(-1) : undefined
  return last === undefined ? node : unwrap(last)
}

/** The node that stands where this expression stands, seen past its wrappers. */
export const outermost = (node: Node): Node =>
  node.parent !== undefined && isWrapper(node.parent) ? outermost(node.parent) : node

/** Text that is known from the source alone. */
export const textOf = (node: Node): string | undefined => {
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : undefined
  if (node.type !== "TemplateLiteral" || node.expressions.length > 0) return undefined
  return node.quasis[0]?.value.cooked ?? undefined
}

/** The name of a property or member: `a.b`, `a["b"]`, `{ b: 1 }`, `{ "b": 1 }`. */
export const nameOf = (node: MemberExpression | Property): string | undefined => {
  const key = node.type === "MemberExpression" ? node.property : node.key
  return !node.computed && key.type === "Identifier" ? key.name : textOf(key)
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string"

/** Every node below and including this one, in the order of the source. */
export function* within(node: Node): Generator<Node, void> {
  yield node
  for (const [key, value] of Object.entries(node)) {
    if (key === "parent") continue
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* within(child)
  }
}

/** The nodes above, nearest first. */
export function* above(node: Node): Generator<Node, void> {
  for (let at = node.parent; at !== undefined && at !== null; at = at.parent) yield at
}
