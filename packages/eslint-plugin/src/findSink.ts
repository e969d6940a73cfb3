/**
 * Which sink a call is, if any.
 *
 * @module
 */
import type { Call } from "./ast.ts"
import { readings } from "./callee.ts"
import { duration, signal, some, type Site } from "./check.ts"
import type { SourceCode } from "./lint.ts"
import type { AdditionalSink } from "./options.ts"
import { type Origin, originOf } from "./resolve.ts"
import { knownSinks, type Sink } from "./sinks.ts"

export interface Found {
  readonly sink: Sink
  readonly site: Site
}

/** The module and path of an origin, spelled as the table of sinks spells it. */
const spell = (origin: Origin): { readonly module: string | undefined; readonly path: string } | undefined => {
  const join = (...parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join(".")
  switch (origin.kind) {
    case "global":
      return { module: undefined, path: join(...origin.path) }
    case "module":
      return { module: origin.module, path: join(...origin.path) }
    case "parameter":
      return undefined
    case "yielded": {
      const of = spell(origin.of)
      return of === undefined ? undefined : { module: of.module, path: `yield ${join(of.path, ...origin.path)}` }
    }
    case "result": {
      const of = spell(origin.of)
      // An instance made from an instance is looked up as one of the last maker's: `create().extend().get`.
      const maker = of?.path.replace(/^.*\(\)\./, "")
      return maker === undefined ? undefined : { module: of?.module, path: join(`${maker}()`, ...origin.path) }
    }
  }
}

const keyOf = (how: Sink["with"], module: string | undefined, path: string): string => `${how} ${module ?? ""} ${path}`

const additional = ({ accepts, export: path, module }: AdditionalSink): ReadonlyArray<Sink> => {
  const checks = accepts.map((name) => (name === "signal" ? signal("any") : duration(name, "any")))
  const write = `${accepts.join(" or ")} in its options`
  return (["call", "new"] as const).map((how) => ({
    module,
    path: path === "default" ? "" : path,
    with: how,
    check: some(...checks),
    write,
  }))
}

const indexed = (sinks: ReadonlyArray<Sink>): ReadonlyMap<string, Sink> =>
  new Map(sinks.map((sink) => [keyOf(sink.with, sink.module, sink.path), sink]))

const known = indexed(knownSinks)

/** A look-up of calls among the known sinks and those that the options add. */
export const sinkFinder = (
  code: SourceCode,
  more: ReadonlyArray<AdditionalSink> = [],
): ((call: Call) => Found | undefined) => {
  const added = indexed(more.flatMap(additional))
  return (call) => {
    for (const { args, callee, how } of readings(code, call)) {
      const origin = originOf(code, callee)
      const spelled = origin === undefined ? undefined : spell(origin)
      if (origin === undefined || spelled === undefined) continue
      const key = keyOf(how, spelled.module, spelled.path)
      const sink = added.get(key) ?? known.get(key)
      if (sink !== undefined) return { sink, site: { code, call, args, origin } }
    }
    return undefined
  }
}
