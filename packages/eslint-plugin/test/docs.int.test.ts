import { readFile } from "node:fs/promises"
import { resolve } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import plugin from "../src/index.ts"
import { eslint, type Finding, oxlint, type Sample } from "./support/engines.ts"

interface Block {
  readonly rule: string
  readonly isRight: boolean
  readonly code: string
  readonly line: number
}

/** The blocks of JavaScript on the page, each under the heading of its rule and under "Right:" or "Wrong:". */
const readBlocks = (page: string): ReadonlyArray<Block> => {
  const blocks: Array<Block> = []
  let rule = ""
  let isRight = false
  let code: Array<string> | undefined
  page.split("\n").forEach((text, index) => {
    if (code !== undefined && text === "```") {
      blocks.push({ rule, isRight, code: code.join("\n"), line: index - code.length })
      code = undefined
    } else if (code !== undefined) code.push(text)
    else if (text.startsWith("## ")) rule = text.slice(3)
    else if (text === "Right:" || text === "Wrong:") isRight = text === "Right:"
    else if (text === "```js") code = []
  })
  return blocks
}

const blocks = readBlocks(await readFile(resolve(import.meta.dirname, "../../../docs/lint-rules.md"), "utf8"))
const samples = blocks.map(({ code, rule }): Sample => ({ code, rules: { [`waybill/${rule}`]: [] } }))

describe("the page on lint rules", () => {
  let byOxlint: ReadonlyArray<ReadonlyArray<Finding>> = []
  beforeAll(async () => {
    byOxlint = await oxlint(samples)
  }, 60_000)

  it("shows every rule right and wrong, and no other rule", () => {
    const shown = (isRight: boolean) => [...new Set(blocks.filter((b) => b.isRight === isRight).map((b) => b.rule))]
    expect(shown(true).toSorted()).toEqual(Object.keys(plugin.rules).toSorted())
    expect(shown(false).toSorted()).toEqual(Object.keys(plugin.rules).toSorted())
  })

  it.each(blocks.map(({ isRight, line, rule }, index) => ({ index, isRight, line, rule })))(
    "line $line, $rule: right $isRight",
    ({ index, isRight, rule }) => {
      for (const found of [eslint(samples[index]!), byOxlint[index]!]) {
        expect(found.every((finding) => finding.rule === `waybill/${rule}`)).toBe(true)
        expect(found.length > 0, JSON.stringify(found)).toBe(!isRight)
      }
    },
  )
})
