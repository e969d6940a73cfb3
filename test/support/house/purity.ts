import type { SourceFile } from "./SourceFile.ts"

/** Names of the run-time environment that a pure package does not touch. */
const ambient = new Set([
  "Buffer",
  "EventSource",
  "Intl",
  "WebSocket",
  "XMLHttpRequest",
  "clearImmediate",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "eval",
  "fetch",
  "global",
  "globalThis",
  "localStorage",
  "navigator",
  "performance",
  "process",
  "queueMicrotask",
  "require",
  "self",
  "sessionStorage",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "window",
])

/** The parts of `Date` that compute from their arguments alone. */
const pureDate = new Set(["parse", "UTC", "prototype"])

interface Node {
  readonly type: string
  readonly start: number
}

/**
 * Everything in a file that reads a clock, randomness or the machine: `node:` imports and ambient names.
 *
 * A name that the file itself binds anywhere (an import, a parameter) is the file's own everywhere, except for `Date`
 * and `Math`: scopes are not followed.
 */
export const checkPurity = (file: SourceFile): ReadonlyArray<string> => {
  const found: Array<{ readonly at: number; readonly what: string }> = []
  /** By offset, because a shorthand property is one word and two nodes. */
  const uses = new Map<number, string>()
  const bound = new Set<string>()
  /** Identifiers that are judged together with the expression around them, or are names and not references. */
  const judged = new Set<number>()

  const bind = (pattern: unknown): void => {
    if (Array.isArray(pattern)) return pattern.forEach(bind)
    if (typeof pattern !== "object" || pattern === null || !("type" in pattern)) return
    if (pattern.type === "Identifier" && "name" in pattern && typeof pattern.name === "string") bound.add(pattern.name)
    for (const key of ["properties", "elements", "value", "left", "argument", "parameter"] as const) {
      if (key in pattern) bind(Object.getOwnPropertyDescriptor(pattern, key)?.value)
    }
  }
  const isGlobal = (node: Node & { readonly name?: unknown }, name: string) =>
    node.type === "Identifier" && node.name === name
  /** Parameters of a function type are documentation: neither a reference nor a binding. */
  const typeLevel = (node: { readonly params: ReadonlyArray<Node> }) => {
    for (const { start } of node.params) judged.add(start)
  }
  const functionLike = (node: { readonly id?: unknown; readonly params: unknown }) => {
    bind(node.id)
    bind(node.params)
  }

  file.visit({
    VariableDeclarator: (node) => bind(node.id),
    FunctionDeclaration: functionLike,
    FunctionExpression: functionLike,
    ArrowFunctionExpression: functionLike,
    ClassDeclaration: (node) => bind(node.id),
    CatchClause: (node) => bind(node.param),
    ImportSpecifier: (node) => bind(node.local),
    ImportDefaultSpecifier: (node) => bind(node.local),
    ImportNamespaceSpecifier: (node) => bind(node.local),
    NewExpression: (node) => {
      if (isGlobal(node.callee, "Date") && node.arguments.length > 0) judged.add(node.callee.start)
    },
    BinaryExpression: (node) => {
      if (node.operator === "instanceof") judged.add(node.right.start)
    },
    MemberExpression: (node) => {
      const property = !node.computed && node.property.type === "Identifier" ? node.property : undefined
      if (property !== undefined) judged.add(property.start)
      const name = property?.name ?? ""
      if (isGlobal(node.object, "Math") && property !== undefined && name !== "random") judged.add(node.object.start)
      if (isGlobal(node.object, "Date") && pureDate.has(name)) judged.add(node.object.start)
    },
    Property: (node) => {
      if (!node.computed && !node.shorthand) judged.add(node.key.start)
    },
    MethodDefinition: (node) => {
      if (!node.computed) judged.add(node.key.start)
    },
    PropertyDefinition: (node) => {
      if (!node.computed) judged.add(node.key.start)
    },
    TSPropertySignature: (node) => void judged.add(node.key.start),
    TSMethodSignature: (node) => {
      judged.add(node.key.start)
      typeLevel(node)
    },
    TSFunctionType: typeLevel,
    TSConstructorType: typeLevel,
    TSCallSignatureDeclaration: typeLevel,
    TSConstructSignatureDeclaration: typeLevel,
    TSNamedTupleMember: (node) => void judged.add(node.label.start),
    TSQualifiedName: (node) => void judged.add(node.right.start),
    TSTypeReference: (node) => void judged.add(node.typeName.start),
    TSTypeQuery: (node) => void judged.add(node.exprName.start),
    ImportExpression: (node) => found.push({ at: node.start, what: "import() loads at run time" }),
    MetaProperty: (node) => {
      if (node.meta.name === "import") found.push({ at: node.start, what: "import.meta knows the machine" })
    },
    Identifier: ({ name, start }) => void uses.set(start, name),
  })

  for (const { line, specifier } of file.imports) {
    if (/^(node|bun|deno):/.test(specifier)) found.push({ at: -line, what: `import of ${specifier}` })
  }
  for (const [start, name] of uses) {
    if (judged.has(start)) continue
    if (name === "Date" || name === "Math" || (ambient.has(name) && !bound.has(name))) {
      const text = file.text.slice(start).match(/^\w+(\.\w+)?/)?.[0] ?? name
      found.push({ at: start, what: `${text} is not pure; take the value as an argument` })
    }
  }
  return found
    .map(({ at, what }) => ({ line: at < 0 ? -at : file.lineOf(at), what }))
    .toSorted((a, b) => a.line - b.line)
    .map(({ line, what }) => `${file.path}:${line}: ${what}`)
}
