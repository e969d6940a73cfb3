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
import { type Issue, isWithin, payload_depth_max } from "./Json.ts"

type Test = (value: unknown) => boolean

/** Unknown keys: `open` lets them be, `closed` refuses them at any depth. */
export type Keys = "open" | "closed"

const strict = { onExcessProperty: "error", errors: "all" } as const
const lenient = { onExcessProperty: "ignore", errors: "all" } as const
const none = {} as const

const checksOf = (ast: SchemaAST.AST): ReadonlyArray<Test> => {
  const tests: Array<Test> = []
  const add = (check: SchemaAST.Check<unknown>): void => {
    if (check._tag === "FilterGroup") check.checks.forEach(add)
    else tests.push((value) => check.run(value, ast, none) === undefined)
  }
  ast.checks?.forEach(add)
  return tests
}

const compileRecord = (ast: SchemaAST.IndexSignature, keys: Keys): Test | undefined => {
  if (ast.parameter._tag !== "String") return undefined
  const isKey = compile(ast.parameter, keys)
  const test = compile(ast.type, keys)
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false
    for (const key of Object.keys(value)) {
      if (isKey(key)) {
        if (!test((value as Record<string, unknown>)[key])) return false
      } else if (keys === "closed") return false
    }
    return true
  }
}

const compileObject = (ast: SchemaAST.Objects, keys: Keys): Test | undefined => {
  const [record, ...records] = ast.indexSignatures
  if (record !== undefined) {
    return ast.propertySignatures.length === 0 && records.length === 0 ? compileRecord(record, keys) : undefined
  }
  // Effect takes everything but null and undefined for the empty struct, keys or not.
  if (ast.propertySignatures.length === 0) return (value) => value !== undefined && value !== null
  const fields = ast.propertySignatures.map(({ name, type }) => ({
    name,
    test: compile(type, keys),
    optional: type.context?.isOptional === true,
    // The schema's decoder takes an inherited value for a field's, but never the prototype itself.
    has: (object: object) => (name === "__proto__" ? Object.hasOwn(object, name) : name in object),
    isInherited: name === "__proto__",
  }))
  const known = new Set(fields.map(({ name }) => name))
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false
    const object = value as Record<PropertyKey, unknown>
    for (const { name, test, optional, has, isInherited } of fields) {
      const entry = object[name]
      if ((entry === undefined || isInherited) && !has(object)) {
        if (!optional) return false
      } else if (!test(entry)) return false
    }
    if (keys === "open") return true
    for (const key in object) if (!known.has(key) && Object.hasOwn(object, key)) return false
    return true
  }
}

const compileList = (ast: SchemaAST.Arrays, keys: Keys): Test | undefined => {
  const [item, ...more] = ast.rest
  if (ast.elements.length > 0 || item === undefined || more.length > 0) return undefined
  const test = compile(item, keys)
  return (value) => {
    if (!Array.isArray(value)) return false
    for (let i = 0; i < value.length; i++) if (!test(value[i])) return false
    return true
  }
}

const suspended: Record<Keys, WeakMap<SchemaAST.Suspend, Test>> = { open: new WeakMap(), closed: new WeakMap() }

/** A schema that refers to itself is compiled at first use. */
const compileSuspend = (ast: SchemaAST.Suspend, keys: Keys): Test => {
  const known = suspended[keys].get(ast)
  if (known !== undefined) return known
  let target: Test | undefined
  const test: Test = (value) => (target ??= compile(ast.thunk(), keys))(value)
  suspended[keys].set(ast, test)
  return test
}

const kindOf = (ast: SchemaAST.AST, keys: Keys): Test | undefined => {
  if (ast.encoding !== undefined) return undefined
  switch (ast._tag) {
    case "String":
      return (value) => typeof value === "string"
    case "Number":
      return (value) => typeof value === "number"
    case "Boolean":
      return (value) => typeof value === "boolean"
    case "Null":
      return (value) => value === null
    case "Unknown":
      return () => true
    case "Literal":
      return (value) => value === ast.literal
    case "Suspend":
      return compileSuspend(ast, keys)
    case "Objects":
      return compileObject(ast, keys)
    case "Arrays":
      return compileList(ast, keys)
    case "Union": {
      const members = ast.types.map((type) => compile(type, keys))
      if (ast.options?.mode === "oneOf") {
        return (value) => {
          let matches = 0
          for (const test of members) if (test(value) && ++matches > 1) return false
          return matches === 1
        }
      }
      return (value) => {
        for (const test of members) if (test(value)) return true
        return false
      }
    }
    default:
      return undefined
  }
}

const compile = (ast: SchemaAST.AST, keys: Keys): Test => {
  const kind = kindOf(ast, keys)
  if (kind === undefined) {
    const decode = Schema.decodeUnknownResult(
      Schema.make<Schema.Codec<unknown>>(ast),
      keys === "closed" ? strict : lenient,
    )
    return (value) => Result.isSuccess(decode(value))
  }
  const checks = checksOf(ast)
  const [first] = checks
  if (first === undefined) return kind
  if (checks.length === 1) return (value) => kind(value) && first(value)
  return (value) => kind(value) && checks.every((check) => check(value))
}

const toStandard = SchemaIssue.makeFormatterStandardSchemaV1()

/** The issues of a schema error, each with a dotted path. */
export const issuesOf = (error: Schema.SchemaError): ReadonlyArray<Issue> =>
  toStandard(error.issue).issues.map((issue) => ({
    path: (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".") || "(root)",
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
