import type { CallExpression, Node } from "../ast.ts"
import type { RuleModule, SourceCode } from "../lint.ts"
import { originOf } from "../resolve.ts"
import { docsOf } from "./docs.ts"

const endings = new Set(["exit", "reallyExit", "abort"])

/** The member of `process` that an expression is, whether that is the global or the module. */
const memberOfProcess = (code: SourceCode, expression: Node): string | undefined => {
  const origin = originOf(code, expression)
  const path =
    origin?.kind === "module" && origin.module === "process"
      ? origin.path
      : origin?.kind === "global" && origin.path[0] === "process"
        ? origin.path.slice(1)
        : []
  return path.length === 1 ? path[0] : undefined
}

/** The signal 0 ends nothing: it asks whether the process is there. */
const isQuestion = (signal: Node | undefined): boolean => signal?.type === "Literal" && signal.value === 0

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
        const name = memberOfProcess(code, call.callee) ?? ""
        const [target, signal] = call.arguments
        const isOwnKill =
          name === "kill" && target !== undefined && memberOfProcess(code, target) === "pid" && !isQuestion(signal)
        if (endings.has(name) || isOwnKill)
          context.report({ node: call.callee, messageId: "exit", data: { call: `process.${name}` } })
      },
    }
  },
}
