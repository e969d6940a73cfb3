import { above, type Call, isFunction, nameOf, type Node, type ObjectExpression } from "../ast.ts"
import { sinkFinder } from "../findSink.ts"
import type { RuleModule, SourceCode } from "../lint.ts"
import { titleOf } from "../sinks.ts"
import { entryOf } from "../value.ts"
import { docsOf } from "./docs.ts"

/** The registration whose handler runs a node: an object with `execute` and `exit_codes`. */
const registrationAround = (code: SourceCode, node: Node): ObjectExpression | undefined => {
  for (const at of above(node)) {
    const property = isFunction(at) && at.parent?.type === "Property" ? at.parent : undefined
    const object = property?.parent
    if (property === undefined || object?.type !== "ObjectExpression") continue
    if (nameOf(property) === "execute" && entryOf(code, object, "exit_codes") !== undefined) return object
  }
  return undefined
}

/** A command whose handler calls the network says so, and so gets `--timeout` and `--connect-timeout`. */
export const declareNetworkIo: RuleModule = {
  meta: {
    type: "problem",
    docs: docsOf("declare-network-io", "require has_network_io on commands whose handlers call the network"),
    messages: {
      undeclared:
        "{{call}} is called by a command that does not declare network calls, so its users get no --timeout. Write has_network_io: true in its registration.",
    },
    schema: [],
  },
  create(context) {
    const code = context.sourceCode
    const find = sinkFinder(code)
    const check = (node: Node): void => {
      const found = find(node as Call)
      const registration = found === undefined ? undefined : registrationAround(code, node)
      if (found === undefined || registration === undefined) return
      const declared = entryOf(code, registration, "has_network_io")
      const isMissing = declared === undefined || (declared !== "unknown" && isFalse(declared))
      if (!isMissing) return
      context.report({ node: (node as Call).callee, messageId: "undeclared", data: { call: titleOf(found.sink) } })
    }
    return { CallExpression: check, NewExpression: check }
  },
}

const isFalse = (node: Node): boolean => node.type === "Literal" && node.value === false
