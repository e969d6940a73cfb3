import type { Location } from "../ast.ts"
import type { RuleModule } from "../lint.ts"
import { docsOf } from "./docs.ts"

const directive = /^\s*(?:eslint|oxlint)-disable(?:-next-line|-line)?(?<rules>[^]*)$/

/** The first place of a file, where only a comment that stands there itself can have switched anything off. */
const start: Location = { start: { line: 1, column: 0 }, end: { line: 1, column: 0 } }

/** Whoever switches a rule of this plugin off says why. */
export const describeDisable: RuleModule = {
  meta: {
    type: "suggestion",
    docs: docsOf("describe-disable", "require a reason in comments that switch a rule of this plugin off"),
    messages: {
      undescribed:
        "This comment on line {{line}} switches {{rules}} off and does not say why. Write the reason after two dashes: {{example}}",
    },
    schema: [],
  },
  create(context) {
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          const text = directive.exec(comment.value)?.groups?.["rules"]
          if (text === undefined) continue
          const [rules = "", reason = ""] = text.split(/\s-{2,}\s/)
          const named = rules.split(",").flatMap((rule) => rule.trim() || [])
          const ours = named.filter((rule) => rule.startsWith("waybill/"))
          const isAll = named.length === 0
          if ((!isAll && ours.length === 0) || reason.trim() !== "") continue
          const loc = comment.loc ?? start
          context.report({
            // A comment that switches everything off would switch this off too.
            loc: isAll ? start : loc,
            messageId: "undescribed",
            data: {
              line: String(loc.start.line),
              rules: isAll ? "every rule" : ours.join(", "),
              example: `-- the server never answers within a second`,
            },
          })
        }
      },
    }
  },
}
