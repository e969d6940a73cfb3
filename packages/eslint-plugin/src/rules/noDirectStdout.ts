import { type CallExpression, type Node, textOf } from "../ast.ts"
import type { RuleModule } from "../lint.ts"
import { originOf } from "../resolve.ts"
import { docsOf } from "./docs.ts"

const onConsole = new Set([
  "log",
  "info",
  "debug",
  "table",
  "dir",
  "dirxml",
  "group",
  "groupCollapsed",
  "count",
  "timeEnd",
])
const onStream = new Set(["write", "end"])
const toDescriptor = new Set(["write", "writeSync", "writev", "writevSync"])

/** Standard output belongs to the response envelope, and only the framework writes it. */
export const noDirectStdout: RuleModule = {
  meta: {
    type: "problem",
    docs: docsOf("no-direct-stdout", "disallow writing to standard output, which belongs to the response envelope"),
    messages: {
      direct:
        "{{call}} writes to standard output, which belongs to the response envelope. Return data from the handler; write diagnostics with ctx.log, or to standard error.",
    },
    schema: [],
  },
  create(context) {
    const code = context.sourceCode
    return {
      CallExpression(node: Node) {
        const call = node as CallExpression
        const origin = originOf(code, call.callee)
        if (origin?.kind !== "global" && origin?.kind !== "module") return
        const module = origin.kind === "module" ? origin.module : undefined
        const [head = "", ...rest] = module === undefined ? origin.path : [module, ...origin.path]
        const last = rest.at(-1) ?? ""
        const [first] = call.arguments
        const isWrite =
          (head === "console" && rest.length === 1 && onConsole.has(last)) ||
          (head === "process" && rest.length === 2 && rest[0] === "stdout" && onStream.has(last)) ||
          (module === "fs" && toDescriptor.has(last) && first?.type === "Literal" && first.value === 1) ||
          (module === "fs" && /^writeFile(Sync)?$/.test(last) && first !== undefined && textOf(first) === "/dev/stdout")
        if (isWrite)
          context.report({ node: call.callee, messageId: "direct", data: { call: [head, ...rest].join(".") } })
      },
    }
  },
}
