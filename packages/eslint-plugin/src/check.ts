/**
 * The ways in which a call can be bounded, to be combined per call.
 *
 * @module
 */
import { type Call, isFunction, type Node, textOf, unwrap } from "./ast.ts"
import { limitAround } from "./effect.ts"
import type { SourceCode } from "./lint.ts"
import { isGlobal, originOf, type Origin } from "./resolve.ts"
import { isOfContext, ofSignal } from "./signal.ts"
import { assignedTo, endedByTimer, ends, escapes, usesOf } from "./uses.ts"
import { alternatives, argumentAt, ofMilliseconds, ofOption } from "./value.ts"
import { best, isFault, type Verdict, worst } from "./verdict.ts"

/** A call that waits for the network. */
export interface Site {
  readonly code: SourceCode
  readonly call: Call
  /** What the function is called with, which `f.call(self, a)` spells in another way. */
  readonly args: ReadonlyArray<Node>
  /** Where its callee comes from. */
  readonly origin: Origin
}

export type Check = (site: Site) => Verdict

/** Which argument holds the options; `any` where the client takes them at more than one place. */
export type Place = number | "any"

const optionLike = /opt|conf|init|setting|param|request/i

/** The options among arguments whose places are not fixed: the last object, else what may be one. */
const anyOptions = ({ args, code }: Site): Node | undefined => {
  const candidates = args.filter((argument) => {
    if (argument.type === "SpreadElement") return true
    const kinds = alternatives(code, argument)
    return !kinds.every(
      (kind) =>
        isFunction(kind) ||
        kind.type === "TemplateLiteral" ||
        textOf(kind) !== undefined ||
        (kind.type === "Literal" && kind.value !== null) ||
        (kind.type === "NewExpression" && isGlobal(code, kind.callee, "URL")),
    )
  })
  const objects = candidates.filter((argument) =>
    alternatives(code, argument).some(({ type }) => type === "ObjectExpression"),
  )
  if (objects.length > 0) return objects.at(-1)
  // Of `get(x)` alone nobody knows whether x is an address or options, but by its name.
  return candidates.findLast((argument) => {
    const inner = unwrap(argument)
    const isFirst = argument === args[0]
    return !isFirst || argument.type === "SpreadElement" || (inner.type === "Identifier" && optionLike.test(inner.name))
  })
}

const atOption = (site: Site, place: Place, name: string, judge: (value: Node) => Verdict): Verdict => {
  const options = place === "any" ? anyOptions(site) : argumentAt(site.args, place)
  return options === "unknown" ? "unknown" : ofOption(site.code, options, name, judge)
}

/** An abort signal among the options. */
export const signal =
  (place: Place): Check =>
  (site) =>
    atOption(site, place, "signal", (value) => ofSignal(site.code, value))

/** A time limit among the options, in whatever unit: it only has to be a finite number above zero. */
export const duration =
  (name: string, place: Place): Check =>
  (site) =>
    atOption(site, place, name, (value) => ofMilliseconds(site.code, value))

const bounded_connections = ["dispatcher", "httpAgent", "httpsAgent"]

/** A dispatcher or agent of a command's context, which carries the command's limits. */
export const connection =
  (name: string, place: Place): Check =>
  (site) => {
    const verdict = atOption(site, place, name, (value) =>
      isOfContext(site.code, value, bounded_connections) ? "bounded" : "missingTimeout",
    )
    // Another agent tells nothing: whether the call is bounded is for the other options to say.
    return verdict === "bounded" ? verdict : "missingTimeout"
  }

/** The signal of a `new Request(url, { signal })` that is passed instead of an address. */
export const requestSignal: Check = ({ args, code }) => {
  const [first] = args
  if (first === undefined) return "missingTimeout"
  const requests = alternatives(code, first).map((node) =>
    node.type === "NewExpression" && isGlobal(code, node.callee, "Request")
      ? ofOption(code, node.arguments[1], "signal", (value) => ofSignal(code, value))
      : "missingTimeout",
  )
  return worst(...requests)
}

/** A timeout of the socket, which bounds nothing until a listener destroys what has been silent for too long. */
export const destroyedWhenIdle: Check = (site) => {
  const { call, code } = site
  const uses = usesOf(code, call)
  const timers = uses.filter(({ name }) => name === "setTimeout")
  const limits = timers.map(
    ({
      call: {
        arguments: [ms],
      },
    }) => (ms === undefined ? ("missingTimeout" as const) : ofMilliseconds(code, ms)),
  )
  const limit = best(duration("timeout", "any")(site), ...limits)
  if (isFault(limit) || limit === "unknown") return limit
  const listeners = uses.flatMap(({ call: { arguments: args }, name }) => {
    const [event, listener] = args
    if (name === "setTimeout") return [args[1]]
    return ["on", "once", "addListener"].includes(name) && event !== undefined && textOf(event) === "timeout"
      ? [listener]
      : []
  })
  return listeners.some((listener) => ends(code, listener)) ? limit : "idleOnly"
}

/** Closed by a timer, or when a bounded signal aborts. */
export const closedLater: Check = ({ call, code }) =>
  endedByTimer(code, call, ["close", "terminate"], (value) => ofSignal(code, value))

/** Its `timeout` is set, or a timer or a bounded signal aborts it. */
export const timeoutProperty: Check = ({ call, code }) => {
  const limits = assignedTo(code, call, "timeout").map((value) => ofMilliseconds(code, value))
  const limit = best(
    ...limits,
    endedByTimer(code, call, ["abort"], (value) => ofSignal(code, value)),
  )
  return limit === "missingTimeout" && escapes(code, call) ? "unknown" : limit
}

/** `.timeout(ms)` or `.timeout({ deadline: ms })` in the chain after the call. */
export const timeoutCall: Check = ({ call, code }) => {
  const limits = usesOf(code, call).flatMap(
    ({
      call: {
        arguments: [limit],
      },
      name,
    }) => {
      if (name !== "timeout" || limit === undefined) return []
      const isObject = alternatives(code, limit).some(({ type }) => type === "ObjectExpression")
      const judge = (value: Node): Verdict => ofMilliseconds(code, value)
      return [isObject ? ofOption(code, limit, "deadline", judge) : judge(limit)]
    },
  )
  return best(...limits)
}

/** A limit of Effect around the call. */
export const effect: Check = ({ call, code }) => limitAround(code, call)

/** What bounds a call, or else what bounds the instance that it is made on, or the one which that was made from. */
export const preset =
  (ofCall: Check, ofInstance: Check): Check =>
  (site) => {
    let verdict = ofCall(site)
    let at = site
    while (verdict === "missingTimeout" && at.origin.kind === "result") {
      const { call } = at.origin
      const origin = originOf(at.code, call.callee)
      if (origin === undefined) return "unknown"
      at = { code: at.code, call, args: call.arguments, origin }
      verdict = ofInstance(at)
    }
    return verdict
  }

/** One of these is enough. */
export const some =
  (...checks: ReadonlyArray<Check>): Check =>
  (site) =>
    best(...checks.map((check) => check(site)))

/** Each of these is needed. */
export const all =
  (...checks: ReadonlyArray<Check>): Check =>
  (site) =>
    worst(...checks.map((check) => check(site)))
