import type { Call, Node } from "../ast.ts"
import { sinkFinder } from "../findSink.ts"
import type { RuleModule } from "../lint.ts"
import { registrationAround, registrationOfFetch } from "../registration.ts"
import { titleOf } from "../sinks.ts"
import { entryOf } from "../value.ts"
import { docsOf } from "./docs.ts"

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
      const { callee } = node as Call
      const found = find(node as Call)
      const registration = found === undefined ? registrationOfFetch(code, callee) : registrationAround(code, node)
      if (registration === undefined) return
      const declared = entryOf(code, registration, "has_network_io")
      const isMissing = declared === undefined || (declared !== "unknown" && isFalse(declared))
      if (!isMissing) return
      const call = found === undefined ? "ctx.fetch" : titleOf(found.sink)
      context.report({ node: callee, messageId: "undeclared", data: { call } })
    }
    return { CallExpression: check, NewExpression: check }
  },
}

const isFalse = (node: Node): boolean => node.type === "Literal" && node.value === false
