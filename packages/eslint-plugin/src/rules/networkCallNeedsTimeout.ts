import picomatch from "picomatch"
import type { Call, Node } from "../ast.ts"
import { sinkFinder } from "../findSink.ts"
import type { RuleModule } from "../lint.ts"
import { optionsSchema, readOptions } from "../options.ts"
import { titleOf } from "../sinks.ts"
import { isRaced } from "../uses.ts"
import { isFault } from "../verdict.ts"
import { docsOf } from "./docs.ts"

/** Every call that waits for the network carries an explicit, finite time limit. */
export const networkCallNeedsTimeout: RuleModule = {
  meta: {
    type: "problem",
    docs: docsOf("network-call-needs-timeout", "require an explicit, finite time limit on every network call"),
    messages: {
      missingTimeout: "{{call}} has no explicit, finite time limit. Write {{write}}.",
      infiniteTimeout: "The time limit of {{call}} is no limit at all. Write {{write}}.",
      zeroAborts:
        'A limit of 0 ends {{call}} at once, it never means "no limit". Write a number of milliseconds above 0.',
      timeoutOverflow:
        "The time limit of {{call}} is above 2147483647 ms, where timers overflow and fire after 1 ms. Write a smaller one.",
      idleOnly:
        "The timeout of {{call}} only reports silence, the connection stays open. Destroy it in the timeout listener, or write {{write}}.",
      raceDoesNotCancel: "Losing a race does not end {{call}}, it goes on unseen. Write {{write}}.",
      signalNotBounded:
        "Nothing aborts the signal of {{call}} on a timer. Write AbortSignal.timeout(ms), AbortSignal.any([ctx.signal, ...]), or a setTimeout that aborts its controller.",
    },
    schema: [optionsSchema],
  },
  create(context) {
    const options = readOptions(context.options)
    const path = context.filename.replaceAll("\\", "/")
    if (options.ignore.some((glob) => picomatch.isMatch(path, [glob, `**/${glob}`], { dot: true }))) return {}
    const code = context.sourceCode
    const find = sinkFinder(code, options.additionalSinks)
    const check = (node: Node): void => {
      const call = node as Call
      const found = find(call)
      if (found === undefined) return
      const { sink, site } = found
      const verdict = sink.check(site)
      const isUnseen = options.strict && (verdict === "unknown" || verdict === "trusted")
      if (!isFault(verdict) && !isUnseen) return
      const fault = isFault(verdict) ? verdict : "missingTimeout"
      if (fault === "missingTimeout" && options.allowLibraryDefaults.includes(sink.module ?? "")) return
      const messageId = fault === "missingTimeout" && isRaced(code, call) ? "raceDoesNotCancel" : fault
      context.report({ node: call.callee, messageId, data: { call: titleOf(sink), write: sink.write } })
    }
    return { CallExpression: check, NewExpression: check }
  },
}
