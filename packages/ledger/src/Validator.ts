/**
 * A fast yes or no from a schema, and the schema's own words for a no.
 *
 * The schema stays the only source: its tree is turned into plain closures once, and whatever they refuse is decoded again
 * by the schema itself, which names every bad path. What the closures do not know is left to the schema's own decoder. A
 * property test holds the two together, in both directions.
 *
 * @module
 */
import { Result, Schema, type SchemaAST, SchemaIssue } from "effect"
import { type Issue, isWithin, pathOf, payload_depth_max } from "./Json.ts"
import type { Test } from "./Checks.ts"
import { compile, type Keys, lenient, strict } from "./Tests.ts"

export type { Keys } from "./Tests.ts"

const toStandard = SchemaIssue.makeFormatterStandardSchemaV1()

/** The issues of a schema error, each with a dotted path. */
export const issuesOf = (error: Schema.SchemaError): ReadonlyArray<Issue> =>
  toStandard(error.issue).issues.map((issue) => ({
    path: pathOf((issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part))),
    message: issue.message,
  }))

interface Nature {
  /** Some part is written otherwise than it is read. */
  transforms: boolean
  /** Some part refers to itself, so that a value may nest without end. */
  isRecursive: boolean
}

/** Checks are no transformations, so `Schema.toEncoded`, which drops them, cannot tell. */
const natureOf = (root: SchemaAST.AST): Nature => {
  const nature: Nature = { transforms: false, isRecursive: false }
  const seen = new Set<SchemaAST.AST>()
  const visit = (ast: SchemaAST.AST): void => {
    if (seen.has(ast)) return
    seen.add(ast)
    if (ast.encoding !== undefined) nature.transforms = true
    switch (ast._tag) {
      case "Declaration":
        return ast.typeParameters.forEach(visit)
      case "Objects":
        ast.propertySignatures.forEach(({ type }) => visit(type))
        return ast.indexSignatures.forEach(({ parameter, type }) => [parameter, type].forEach(visit))
      case "Arrays":
        return [...ast.elements, ...ast.rest].forEach(visit)
      case "Union":
        return ast.types.forEach(visit)
      case "Suspend":
        nature.isRecursive = true
        return visit(ast.thunk())
      default:
      // A leaf.
    }
  }
  visit(root)
  return nature
}

export interface Validator {
  /** Whether the schema takes the value as it is. */
  readonly accepts: Test
  /** Everything that is wrong with the value; empty when the schema takes it. */
  readonly explain: (value: unknown) => ReadonlyArray<Issue>
}

/**
 * Builds the validator of a schema without transformations (what is written equals what is read); throws `TypeError` for a
 * schema that has one, because a fact's bytes are its value. Checks of any kind are welcome.
 *
 * A schema that refers to itself takes values of at most {@link payload_depth_max} levels, as every payload has.
 */
export const makeValidator = (schema: Schema.Constraint, keys: Keys): Validator => {
  const { isRecursive, transforms } = natureOf(schema.ast)
  if (transforms) throw new TypeError("a payload schema must not transform its value")
  // Compiled by the first value: a program knows dozens of schemas, and one that ends with its answer meets few of them.
  let compiled: Test | undefined
  const test = (): Test => (compiled ??= compile(schema.ast, keys))
  const isTooDeep: Test = (value) => isRecursive && !isWithin(value, payload_depth_max, () => true)
  return {
    accepts: isRecursive ? (value) => !isTooDeep(value) && test()(value) : (value) => test()(value),
    explain: (value) => {
      if (isTooDeep(value)) return [{ path: "(root)", message: `is nested deeper than ${payload_depth_max} levels` }]
      const decode = Schema.decodeUnknownResult(
        Schema.make<Schema.Codec<unknown>>(schema.ast),
        keys === "closed" ? strict : lenient,
      )
      const result = decode(value)
      return Result.isSuccess(result) ? [] : issuesOf(result.failure)
    },
  }
}
