/**
 * A schema's yes or no, as plain closures made from its tree. What they do not know is left to the schema's own decoder.
 *
 * @module
 */
import { Result, Schema, type SchemaAST } from "effect"
import { checksOf, type Test, testsOf } from "./Checks.ts"

/** Unknown keys: `open` lets them be, `closed` refuses them at any depth. */
export type Keys = "open" | "closed"

export const strict = { onExcessProperty: "error", errors: "all" } as const
export const lenient = { onExcessProperty: "ignore", errors: "all" } as const

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
  const fields = ast.propertySignatures.map(({ name, type }): Field => ({
    name,
    test: compile(type, keys),
    isOptional: type.context?.isOptional === true,
  }))
  const general = testFields(fields, keys)
  return fields.some(({ name }) => typeof name !== "string" || name in Object.prototype)
    ? general
    : testEntries(fields, keys, general)
}

interface Field {
  readonly name: PropertyKey
  readonly test: Test
  readonly isOptional: boolean
}

/** Asks for each field by its name. */
const testFields = (fields: ReadonlyArray<Field>, keys: Keys): Test => {
  const known = new Set(fields.map(({ name }) => name))
  // The schema's decoder takes an inherited value for a field's, but never the prototype itself.
  const has = (object: object, name: PropertyKey): boolean =>
    name === "__proto__" ? Object.hasOwn(object, name) : name in object
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false
    const object = value as Record<PropertyKey, unknown>
    for (const { name, test, isOptional } of fields) {
      const entry = object[name]
      if ((entry === undefined || name === "__proto__") && !has(object, name)) {
        if (!isOptional) return false
      } else if (!test(entry)) return false
    }
    if (keys === "open") return true
    for (const key in object) if (!known.has(key) && Object.hasOwn(object, key)) return false
    return true
  }
}

/**
 * Goes through what is there, which for an ordinary object costs a third of asking for every field by its name. A field that it
 * does not come by may be there all the same, where it is not enumerable: that is left to `general`.
 */
const testEntries = (fields: ReadonlyArray<Field>, keys: Keys, general: Test): Test => {
  // A line has its keys in byte order, and whoever makes a fact mostly follows its declaration.
  const ordered = keys === "open" ? fields.toSorted((a, b) => (String(a.name) < String(b.name) ? -1 : 1)) : fields
  const places = new Map<PropertyKey, number>(ordered.map(({ name }, place) => [name, place]))
  const optional = fields.filter(({ isOptional }) => isOptional)
  const required_count = fields.length - optional.length
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false
    const object = value as Record<string, unknown>
    let place = 0
    let required = 0
    let found = 0
    for (const key in object) {
      let field = ordered[place]
      if (field === undefined || field.name !== key) {
        const other = places.get(key)
        if (other === undefined) {
          if (keys === "open" || !Object.hasOwn(object, key)) continue
          return false
        }
        place = other
        field = ordered[place] as Field
      }
      place++
      if (!field.test(object[key])) return false
      found++
      if (!field.isOptional) required++
    }
    if (found === fields.length) return true
    if (required < required_count) return general(object)
    for (const { name } of optional) if (name in object) found--
    return found === required || general(object)
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

export const compile = (ast: SchemaAST.AST, keys: Keys): Test => {
  const kind = kindOf(ast, keys)
  if (kind === undefined) {
    const decode = Schema.decodeUnknownResult(
      Schema.make<Schema.Codec<unknown>>(ast),
      keys === "closed" ? strict : lenient,
    )
    return (value) => Result.isSuccess(decode(value))
  }
  if (ast._tag === "String") return testText(ast)
  const tests = testsOf(ast)
  const [first, second] = tests
  if (first === undefined) return kind
  if (tests.length === 1) return (value) => kind(value) && first(value)
  if (tests.length === 2 && second !== undefined) return (value) => kind(value) && first(value) && second(value)
  return (value) => kind(value) && tests.every((test) => test(value))
}

const testText = (ast: SchemaAST.String): Test => {
  const { longest, others, shortest } = checksOf(ast)
  const [first] = others
  const isText = (value: unknown): boolean =>
    typeof value === "string" && value.length >= shortest && value.length <= longest
  if (first === undefined) return isText
  if (others.length === 1) return (value) => isText(value) && first(value)
  return (value) => isText(value) && others.every((test) => test(value))
}
