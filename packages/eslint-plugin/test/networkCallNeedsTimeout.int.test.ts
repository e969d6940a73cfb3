import { beforeAll, describe, expect, it } from "vitest"
import plugin from "../src/index.ts"
import { knownSinks, titleOf } from "../src/sinks.ts"
import { cases } from "./cases/index.ts"
import { rows } from "./cases/rows.ts"
import { eslint, type Finding, oxlint, type Sample } from "./support/engines.ts"

const rule = "waybill/network-call-needs-timeout"
const { messages } = plugin.rules["network-call-needs-timeout"].meta

const samples = cases.map(({ code, isTypeScript, options, path }): Sample => ({
  code,
  rules: { [rule]: options === undefined ? [] : [options] },
  ...(isTypeScript === undefined ? {} : { isTypeScript }),
  ...(path === undefined ? {} : { path }),
}))

/** The message ids behind rendered texts. */
const idsOf = (findings: ReadonlyArray<Finding>): ReadonlyArray<string> =>
  findings.map(({ message, rule: found }) => {
    const id = Object.entries(messages).find(([, text]) =>
      text.split(/\{\{\w+\}\}/).every((part) => message.includes(part)),
    )?.[0]
    return id ?? `${found}: ${message}`
  })

describe("every network call has an explicit, finite time limit", () => {
  let byOxlint: ReadonlyArray<ReadonlyArray<Finding>> = []
  beforeAll(async () => {
    byOxlint = await oxlint(samples)
  }, 60_000)

  it("is shown by at least 120 pieces of code", () => {
    expect(cases.length).toBeGreaterThanOrEqual(120)
    expect(new Set(cases.map(({ code, options, path }) => JSON.stringify([code, options, path]))).size).toBe(
      cases.length,
    )
  })

  it("every row of what it says of itself is shown, right and wrong, and no case is about anything else", () => {
    const shown = cases.map(({ finds, row }) => `${row}: ${finds.length === 0 ? "right" : "wrong"}`)
    const wanted = Object.entries(rows).flatMap(([row, { shows }]) => shows.map((kind) => `${row}: ${kind}`))
    const without = wanted.filter((row) => !shown.includes(row))
    console.log(`${cases.length} pieces of code; rows without one: ${JSON.stringify(without)}`)
    expect(without).toEqual([])
    expect(cases.filter(({ row }) => !(row in rows))).toEqual([])
  })

  it("every call that is known is found where nothing bounds it, by its own name and with what to write instead", () => {
    for (const sink of knownSinks) {
      const { module, path, with: how, write } = sink
      if (/\(\)|^yield /u.test(path)) continue
      const callee = module === undefined ? path : ["client", path].filter(Boolean).join(".")
      const from = module === undefined ? "" : `import * as client from ${JSON.stringify(module)}\n`
      const found = eslint({ code: `${from}${how === "new" ? "new " : ""}${callee}("u")`, rules: { [rule]: [] } })
      expect(idsOf(found), `${how} ${module} ${path}`).toEqual(["missingTimeout"])
      expect(found[0]?.message).toContain(titleOf(sink))
      expect(found[0]?.message).toContain(write)
    }
  })

  it("every message is said by one of them", () => {
    expect(new Set(cases.flatMap(({ finds }) => finds))).toEqual(new Set(Object.keys(messages)))
  })

  it.each(cases.map(({ code, finds, isTypeScript, row }, index) => ({ code, finds, isTypeScript, row, index })))(
    "$row: $code → $finds",
    ({ finds, index, isTypeScript }) => {
      const sample = samples[index]!
      expect(idsOf(byOxlint[index]!), "oxlint").toEqual(finds)
      if (isTypeScript !== true) expect(idsOf(eslint(sample)), "eslint").toEqual(finds)
    },
  )
})
