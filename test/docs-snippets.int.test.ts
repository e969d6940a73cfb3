import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { checkPages } from "./support/docs/check-pages.ts"
import { parseFences } from "./support/docs/Fence.ts"
import { readPage } from "./support/docs/Snippet.ts"
import { needs } from "./support/needs.ts"

const root = join(import.meta.dirname, "..")
const fence = "```"
const block = (info: string, ...lines: ReadonlyArray<string>) => [`${fence}${info}`, ...lines, fence, ""].join("\n")
const page = (...blocks: ReadonlyArray<string>) => ({
  path: "docs/made-up.md",
  text: `# Title\n\n${blocks.join("\n")}`,
})
const check = (...blocks: ReadonlyArray<string>) => checkPages({ root, tracked: ["package.json"] }, [page(...blocks)])

describe("reading a page", () => {
  it("a block keeps its line, its words and its text without the list's indentation", () => {
    const text = "- item\n\n  ```ts file=a.ts no-run\n  if (x) {\n    y()\n  }\n  ```\n"
    expect(parseFences(text)).toEqual([
      { language: "ts", words: ["file=a.ts", "no-run"], text: "if (x) {\n  y()\n}\n", line: 3, follows: false },
    ])
  })
  it("a longer fence holds shorter ones", () => {
    expect(parseFences("````md\n```ts\nnonsense(\n```\n````\n")).toMatchObject([{ language: "md", line: 1 }])
  })
  it.each([
    ["output after prose", [block("ts", "1"), "So:\n", block("text output", "1")]],
    ["output after a block that is not run", [block("ts no-run", "1"), block("text output", "1")]],
    ["output after a shell block that is not run", [block("sh", "ls"), block("text output", "1")]],
    ["a name used twice", [block("ts file=a.ts", "1"), block("ts file=a.ts", "2")]],
    ["a name outside the page's folder", [block("ts file=../a.ts", "1")]],
    ["a misspelled word", [block("ts norun", "1")]],
  ])("%s is a mistake", (_, blocks) => {
    expect(readPage(page(...blocks)).problems).toEqual([expect.stringMatching(/^docs\/made-up\.md:\d+: /)])
  })
})

describe("checking a page", { timeout: 60_000 }, () => {
  it("a page that keeps its promises has no problems", async () => {
    const problems = await check(
      block("ts file=seven.ts", "export const seven: number = 7"),
      block(
        "ts",
        'import { Effect } from "effect"',
        'import { seven } from "./seven.ts"',
        "console.log(Effect.runSync(Effect.succeed(seven)))",
      ),
      block("text output", "7"),
      block("ts", "console.log(JSON.stringify({ a: [1, 2] }))"),
      block("json output", '{ "a": [1,', "  2] }"),
      block("ts no-run", 'throw new Error("not run")'),
      block("sh", "exit 1"),
    )
    expect(problems).toEqual([])
  })
  it("a type error is told at its line, in blocks that are not run too", async () => {
    const problems = await check(block("ts no-run", "export {}", 'const x: number = "one"'))
    expect(problems).toEqual([expect.stringMatching(/^docs\/made-up\.md:5: error TS2322/)])
  })
  it("a block that throws is told at its fence", async () => {
    expect(await check(block("ts", 'throw new Error("oh no")'))).toEqual([
      expect.stringMatching(/^docs\/made-up\.md:3: fails when run[^]*oh no/),
    ])
  })
  it("other output than the page says is told with both", async () => {
    expect(await check(block("ts", "console.log(1)"), block("text output", "2"))).toEqual([
      expect.stringMatching(/^docs\/made-up\.md:3: prints something else[^]*\n2\n[^]*\n1$/),
    ])
    expect(await check(block("ts", "console.log(1)"), block("json output", "2"))).toHaveLength(1)
  })
  needs("bash")(it)("shell blocks run in a copy of the repository, where they may write", async () => {
    const blocks = [
      block("sh run", "test -f package.json", "test -d node_modules", "echo hello > made-up.txt"),
      block("sh run", "cat made-up.txt"),
      block("text output", "hello"),
    ]
    expect(await check(...blocks)).toEqual([])
    expect(await check(block("sh run", "false | true"))).toEqual([expect.stringContaining("docs/made-up.md:3: fails")])
  })
})
