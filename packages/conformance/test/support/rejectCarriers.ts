/**
 * Run by itself (`node --conditions=@waybill/source`): loads our own carriers once for each change, with the change, and says which
 * laws reject each. Changes are made as sources are loaded; each set of modules is told apart by the number in its address.
 */
import { type Carrier, checkCarrier } from "@waybill/conformance"
import { registerHooks } from "node:module"
import { brokenCarriers } from "./brokenCarriers.ts"
import { applied } from "./patches.ts"

const mark = /\?broken=(\d+)$/u

registerHooks({
  resolve: (specifier, context, nextResolve) => {
    const resolved = nextResolve(specifier, context)
    const number = mark.exec(context.parentURL ?? "")?.[1]
    const isCarriers = /\/packages\/carriers\/|\/test\/support\/carriers\//u.test(resolved.url)
    return number === undefined || !isCarriers || mark.test(resolved.url)
      ? resolved
      : { ...resolved, url: `${resolved.url}?broken=${number}` }
  },
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context)
    const patch = brokenCarriers[Number(mark.exec(url)?.[1] ?? -1)]
    if (patch === undefined || !url.replace(mark, "").endsWith(`/packages/${patch.file}`)) return loaded
    const { source } = loaded
    if (source === undefined || source === null) throw new Error(`${url} has no source to patch`)
    const text = typeof source === "string" ? source : new TextDecoder().decode(source)
    return { ...loaded, source: applied(patch, text) }
  },
})

const rejectedBy: Record<string, ReadonlyArray<string>> = {}
for (const [i, { carrier: name, law, name: change }] of brokenCarriers.entries()) {
  const { ownCarriers } = (await import(`./carriers/index.ts?broken=${i}`)) as {
    readonly ownCarriers: ReadonlyArray<Carrier>
  }
  const carrier = ownCarriers.find((own) => own.name === name)
  if (carrier === undefined) throw new Error(`there is no carrier ${name}`)
  const report = await checkCarrier(carrier, { laws: [law] })
  rejectedBy[change] = report.laws.filter(({ verdict }) => verdict.status === "fail").map(({ id }) => id)
}
process.stdout.write(JSON.stringify(rejectedBy))
