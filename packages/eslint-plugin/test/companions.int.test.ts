import { beforeAll, describe, expect, it } from "vitest"
import { eslint, type Finding, oxlint } from "./support/engines.ts"

type Row = readonly [rule: string, code: string, ...messages: ReadonlyArray<RegExp>]

const registration = (more: string): string =>
  `import { request } from "undici"
   export default { name: "x", exit_codes: { SUCCESS: {} }, ${more} execute: async (args, ctx) => { await request(args.url, { signal: ctx.signal }) } }`

/** A registration beside something else in its file. */
const handled = (before: string, handler: string): string =>
  `${before}
   export default { name: "x", exit_codes: { SUCCESS: {} }, ${handler} }`

const rows: ReadonlyArray<Row> = [
  ["no-direct-stdout", `console.log("x")`, /^console\.log writes to standard output.*ctx\.log/],
  ["no-direct-stdout", `globalThis.console.table(x)`, /^console\.table /],
  ["no-direct-stdout", `const { log } = console; log("x")`, /^console\.log /],
  ["no-direct-stdout", `process.stdout.write("x")`, /^process\.stdout\.write /],
  ["no-direct-stdout", `import process from "node:process"; process.stdout.end("x")`, /^process\.stdout\.end /],
  ["no-direct-stdout", `import { writeSync } from "node:fs"; writeSync(1, "x")`, /^fs\.writeSync /],
  ["no-direct-stdout", `import fs from "fs"; fs.writeFileSync("/dev/stdout", "x")`, /^fs\.writeFileSync /],
  ["no-direct-stdout", `console.error("x"); console.warn("y"); process.stderr.write("z")`],
  [
    "no-direct-stdout",
    `import { writeSync } from "node:fs"; writeSync(2, "x"); const console = make(); console.log("x")`,
  ],
  ["no-direct-stdout", `logger.log("x"); this.console.log("y"); Math.log(2)`],

  ["no-process-exit", `process.exit(1)`, /^process\.exit ends the process/],
  ["no-process-exit", `import { exit } from "node:process"; exit(0)`, /^process\.exit /],
  ["no-process-exit", `const { abort } = process; abort()`, /^process\.abort /],
  ["no-process-exit", `process.kill(process.pid)`, /^process\.kill ends the process/],
  ["no-process-exit", `import { kill, pid } from "node:process"; kill(pid, "SIGTERM")`, /^process\.kill /],
  ["no-process-exit", `process.kill(child.pid); process.kill(process.ppid); process.kill(process.pid, 0)`],
  ["no-process-exit", `process.exitCode = 1; child.exit(); process.on("exit", f); const exit = () => 0; exit()`],

  ["declare-network-io", registration(""), /^undici\.request is called by a command.*has_network_io: true/],
  ["declare-network-io", registration("has_network_io: false,"), /^undici\.request /],
  ["declare-network-io", registration("has_network_io: true,")],
  ["declare-network-io", registration("...base,")],
  ["declare-network-io", handled(`const run = async (args, ctx) => fetch("u")`, "execute: run"), /^fetch /],
  ["declare-network-io", handled(`async function execute() { await fetch("u") }`, "execute"), /^fetch /],
  ["declare-network-io", handled(`const run = () => fetch("u")`, "execute: returnsEffect(run)"), /^fetch /],
  ["declare-network-io", handled("", `execute: returnsEffect(() => load(() => fetch("u")))`), /^fetch /],
  ["declare-network-io", handled("", `execute(args, ctx) { return fetch("u") }`), /^fetch /],
  ["declare-network-io", handled("", "execute: (args, ctx) => ctx.fetch(args.url)"), /^ctx\.fetch /],
  ["declare-network-io", handled("", `execute: async (_, { fetch }) => { await fetch("u") }`), /^ctx\.fetch /],
  ["declare-network-io", handled("", "execute: (args, c) => each(args.urls, (url) => c.fetch(url))"), /^ctx\.fetch /],
  ["declare-network-io", handled("const run = (a, ctx) => ctx?.fetch(a.url)", "execute: run"), /^ctx\.fetch /],
  ["declare-network-io", handled("const run = (a, ctx) => ctx.fetch(a.url)", "has_network_io: true, execute: run")],
  ["declare-network-io", handled("const run = (a, ctx) => ctx.fetch(a.url)", "...base, execute: run")],
  ["declare-network-io", handled("", "execute: (args) => args.fetch(1)")],
  ["declare-network-io", handled("", "execute: (args, ctx) => ctx.repo.fetch(1)")],
  ["declare-network-io", handled(`const run = () => fetch("u")`, "execute: other, run")],
  ["declare-network-io", handled(`const run = () => fetch("u"); run()`, "execute: () => 1")],
  [
    "declare-network-io",
    `import { command } from "@waybill/command"; command({ name: "x", execute: () => fetch("u") })`,
    /^fetch /,
  ],
  ["declare-network-io", `import { command } from "./mine.js"; command({ execute: () => fetch("u") })`],
  ["declare-network-io", `export default { name: "x", danger_level: "safe", execute: () => fetch("u") }`, /^fetch /],
  ["declare-network-io", `const run = (args, ctx) => ctx.fetch("u"); export const task = { execute: run }`],
  ["declare-network-io", `export const load = async (ctx) => fetch("u", { signal: ctx.signal })`],
  ["declare-network-io", `export const task = { execute: async (ctx) => fetch("u", { signal: ctx.signal }) }`],

  [
    "describe-disable",
    `// eslint-disable-next-line waybill/no-process-exit\nf()`,
    /line 1.*waybill\/no-process-exit.*two dashes/,
  ],
  ["describe-disable", `f() // eslint-disable-line no-console, waybill/no-process-exit`, /line 1/],
  ["describe-disable", `f()\n/* oxlint-disable waybill/no-direct-stdout */\nf()`, /line 2/],
  ["describe-disable", `f()\n/* eslint-disable */\nf()`, /line 2.*every rule/],
  ["describe-disable", `f()\n// eslint-disable-line`, /line 2.*every rule/],
  ["describe-disable", `// eslint-disable-next-line waybill/no-process-exit -- a test that ends itself\nf()`],
  ["describe-disable", `// eslint-disable-next-line no-console\nf()\n/* eslint-enable waybill/no-process-exit */`],
]

const samples = rows.map(([rule, code]) => ({ code, rules: { [`waybill/${rule}`]: [] } }))

describe("the rules for commands, and for comments that switch rules off", () => {
  let byOxlint: ReadonlyArray<ReadonlyArray<Finding>> = []
  beforeAll(async () => {
    byOxlint = await oxlint(samples)
  }, 60_000)

  it.each(rows.map(([rule, code], index) => ({ rule, code, index })))("$rule: $code", ({ index, rule }) => {
    const [, , ...wanted] = rows[index]!
    for (const found of [eslint(samples[index]!), byOxlint[index]!]) {
      expect(found.map((finding) => finding.rule)).toEqual(wanted.map(() => `waybill/${rule}`))
      wanted.forEach((pattern, at) => expect(found[at]?.message).toMatch(pattern))
    }
  })
})
