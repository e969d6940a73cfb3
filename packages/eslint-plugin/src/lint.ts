/**
 * What a rule is, and what the linter gives it: the part of ESLint's interface that oxlint has too.
 *
 * @module
 */
import type { Location, Node } from "./ast.ts"

export interface Definition {
  /** `ImportBinding`, `Parameter`, `Variable`, `FunctionName`, … */
  readonly type: string
  /** Where the name stands that is defined. */
  readonly name?: Node
  readonly node: Node
}

export interface Reference {
  readonly identifier: Node
  readonly resolved: Variable | null
}

export interface Variable {
  readonly name: string
  readonly defs: ReadonlyArray<Definition>
  readonly references: ReadonlyArray<Reference>
}

export interface Scope {
  readonly set: ReadonlyMap<string, Variable>
  readonly upper: Scope | null
}

export interface Comment {
  readonly type: string
  readonly value: string
  readonly loc?: Location | null
}

export interface SourceCode {
  getScope(node: Node): Scope
  getAllComments(): ReadonlyArray<Comment>
}

interface Told {
  readonly messageId: string
  readonly data?: Readonly<Record<string, string>>
}

export interface RuleContext {
  readonly filename: string
  readonly options: ReadonlyArray<unknown>
  readonly sourceCode: SourceCode
  report(finding: Told & ({ readonly node: Node } | { readonly loc: Location })): void
}

/** What the rule says in its documentation, its messages, and the JSON Schema of its options. */
export interface RuleMeta {
  readonly type: "problem" | "suggestion"
  readonly docs: { readonly description: string; readonly url: string }
  readonly messages: Record<string, string>
  readonly schema: Array<object>
}

/** A rule as it is written here. */
export interface RuleModule {
  readonly meta: RuleMeta
  create(context: RuleContext): Record<string, (node: Node) => void>
}

/** A rule as it is published: each linter passes its own context, which holds at least what {@link RuleContext} asks. */
export interface PublishedRule {
  readonly meta: RuleMeta
  create(context: never): Record<string, (node: Node) => void>
}
