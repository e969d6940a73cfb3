import type { CallExpression, Node } from "../ast.ts"
import type { RuleModule } from "../lint.ts"
import { originOf } from "../resolve.ts"
import { docsOf } from "./docs.ts"

const endings = new Set(["exit", "reallyExit", "abort"])

/** A process that ends itself leaves an answer unwritten and cleanup undone. */
export const noProcessExit: RuleModule = {
  meta: {
    type: "problem",
    docs: docsOf("no-process-exit", "disallow ending the process, which loses the answer and skips cleanup"),
    messages: {
      exit: "{{call}} ends the process before the answer is written and cleanup has run. Return data, or throw an error with the exit code that the command declares.",
    },
    schema: [],
  },
  create(context) {
    const code = context.sourceCode
    return {
      CallExpression(node: Node) {
        const call = node as CallExpression
        const origin = originOf(code, call.callee)
        const path =
          origin?.kind === "module" && origin.module === "process"
            ? origin.path
            : origin?.kind === "global" && origin.path[0] === "process"
              ? origin.path.slice(1)
              : []
        const [name = ""] = path
        if (path.length === 1 && endings.has(name))
          context.report({ node: call.callee, messageId: "exit", data: { call: `process.${name}` } })
      },
    }
  },
}
