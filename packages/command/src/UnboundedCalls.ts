/**
 * In development: tells the author of requests that nothing but the limit of the whole run would end.
 *
 * @module
 */
import http from "node:http"
import https from "node:https"
import { syncBuiltinESMExports } from "node:module"

/** How many calls are told about; a loop would fill the answer. */
const told_max = 10

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const has = (options: unknown, name: string): boolean =>
  isObject(options) &&
  name in options &&
  Reflect.get(options, name) !== undefined &&
  Reflect.get(options, name) !== null

/** Our agents keep the limits of the run; every other call needs a signal or a timeout of its own. */
const isBounded = (options: unknown): boolean => {
  const agent: unknown = isObject(options) ? Reflect.get(options, "agent") : undefined
  return has(options, "signal") || has(options, "timeout") || (isObject(agent) && "keepsLimits" in agent)
}

/**
 * Watches the built-in `fetch` and the request functions of `node:http` and `node:https`; named imports of them too.
 *
 * @param warn takes the text of a warning, `UNBOUNDED_NETWORK_CALL: …`
 */
export const watchCalls = (warn: (text: string) => void): void => {
  let told = 0
  const tell = (what: string) => {
    if (++told <= told_max)
      warn(`UNBOUNDED_NETWORK_CALL: ${what} has no signal and no timeout; pass ctx.signal, or use ctx`)
  }
  const { fetch } = globalThis
  globalThis.fetch = (input, init) => {
    // A Request always has a signal, whether or not it can ever abort: it has the benefit of the doubt.
    if (!isBounded(init) && !(input instanceof Request)) tell("fetch")
    // oxlint-disable-next-line waybill/network-call-needs-timeout -- the handler's own call, as the handler made it
    return fetch(input, init)
  }
  for (const [module, prefix] of [
    [http, "http"],
    [https, "https"],
  ] as const) {
    for (const name of ["request", "get"] as const) {
      const original = module[name]
      Reflect.set(module, name, (...call: ReadonlyArray<unknown>): unknown => {
        if (!call.some(isBounded)) tell(`${prefix}.${name}`)
        return Reflect.apply(original, module, call)
      })
    }
  }
  syncBuiltinESMExports()
}
