import { describe, expect, it } from "vitest"
import { complete, missingFrom } from "../scripts/complete-lock.mjs"
import type { Manifest, Package } from "../scripts/public-packages.ts"
import { checkFileCycles, checkPackageCycles, findCycles } from "./support/house/cycles.ts"
import { checkEscapes } from "./support/house/escapes.ts"
import { checkDependencies, checkLayers, checkPlaces } from "./support/house/layers.ts"
import { checkPurity } from "./support/house/purity.ts"
import { checkReasons } from "./support/house/reasons.ts"
import { parseSource } from "./support/house/SourceFile.ts"
import { checkLockHosts, checkNames, checkPlacesNamed, checkSizes } from "./support/house/tracked.ts"
import { checkWeakPoints } from "./support/house/weakPoints.ts"

const source = (text: string, path = "packages/ledger/src/Fact.ts") => parseSource(path, text)
const room = (folder: string, manifest: Partial<Manifest> = {}): Package => ({
  folder,
  manifest: { name: `@waybill/${folder.split("/").at(-1)}`, version: "0.1.0", ...manifest },
})
const ledger = room("packages/ledger")
const store = room("packages/ledger-store", { dependencies: { "@waybill/ledger": "0.1.0" } })
const dataPlane = room("packages/data-plane")
const bench = room("packages/bench")
const rooms = [ledger, store, dataPlane, bench]

describe("layers", () => {
  const at = (path: string, text: string) => checkLayers(rooms, [source(text, path)])

  it("looking down is fine, in any form", () => {
    expect(at("packages/ledger-store/src/A.ts", 'import "@waybill/ledger"\nexport * from "@waybill/ledger/x"')).toEqual(
      [],
    )
  })
  it.each([
    ["a neighbour", 'import { x } from "@waybill/data-plane"', "packages/ledger-store/src/A.ts", "(2)"],
    ["upstairs", 'export { x } from "@waybill/ledger-store"', "packages/ledger/src/A.ts", "(2)"],
    ["upstairs for a type", 'export type X = import("@waybill/ledger-store").X', "packages/ledger/src/A.ts", "(2)"],
    ["upstairs at run time", 'await import("@waybill/ledger-store")', "packages/ledger/src/A.ts", "(2)"],
    ["outside the layers", 'import "@waybill/bench"', "packages/ledger/src/A.ts", "(outside the layers)"],
    ["another folder", 'import "../../ledger/src/A.ts"', "packages/ledger-store/src/A.ts", "import the package"],
  ])("an import of %s is found", (_, text, path, message) => {
    const [found, ...rest] = at(path, `\n${text}`)
    expect(found).toMatch(new RegExp(`^${path}:2: `))
    expect(found).toContain(message)
    expect(rest).toEqual([])
  })
  it("tests and free rooms import what they like", () => {
    expect(at("packages/ledger/test/a.unit.test.ts", 'import "@waybill/ledger-store"')).toEqual([])
    expect(at("packages/bench/src/a.ts", 'import "@waybill/ledger-store"')).toEqual([])
  })
  it("a package without a place is found", () => {
    expect(checkPlaces([...rooms, room("examples/x"), room("packages/carriers/y")])).toEqual([])
    expect(checkPlaces([room("packages/attic")])).toHaveLength(1)
  })
})

describe("dependencies", () => {
  const use = [source('import "@waybill/ledger"', "packages/ledger-store/src/A.ts")]

  it("what is imported and declared agrees", () => {
    expect(checkDependencies(rooms, use)).toEqual([])
  })
  it("an import that nothing declares is found", () => {
    const files = [...use, source('import { x } from "@scope/other/deep"', "packages/ledger-store/src/B.ts")]
    expect(checkDependencies(rooms, files)).toEqual([
      "packages/ledger-store/src/B.ts:1: @scope/other is imported but packages/ledger-store/package.json does not declare it",
    ])
  })
  it("a declared workspace package that src does not use is found", () => {
    expect(checkDependencies(rooms, [source("export {}", "packages/ledger-store/src/A.ts")])).toHaveLength(1)
  })
  it("a workspace version that is a range is found", () => {
    const loose = room("packages/ledger-store", { dependencies: { "@waybill/ledger": "^0.1.0" } })
    expect(checkDependencies([ledger, loose], use)).toHaveLength(1)
  })
})

describe("reasons", () => {
  const manifests = [
    store.manifest,
    { ...ledger.manifest, devDependencies: { tool: "1.0.0" }, peerDependencies: { "@scope/peer": "^1.0.0" } },
  ]
  it("an outside dependency without a line is found, a workspace package needs none", () => {
    expect(checkReasons(manifests, "- `tool` (MIT): cuts\n- `@scope/peer` (MIT): joins\n")).toEqual([])
    expect(checkReasons(manifests, "- `tool` (MIT): cuts; used with `@scope/peer` (MIT): x\n")).toHaveLength(1)
    expect(checkReasons(manifests, "- `tool`: cuts\n")).toHaveLength(2)
  })
})

describe("purity", () => {
  it.each([
    'import { readFileSync } from "node:fs"',
    'export * from "node:path"',
    "const at = Date.now()",
    "const at = new Date()",
    "const at = Date()",
    "const now = Date.now",
    "const { now } = Date",
    "const n = Math.random()",
    "const { random } = Math",
    'const n = Math["random"]()',
    "const t = performance.now()",
    "const home = process.env.HOME",
    "export const f = (x: number) => console.log(x)",
    "const id = crypto.randomUUID()",
    'await fetch("https://example.org")',
    "setTimeout(() => {}, 1)",
    "globalThis.fetch",
    'const m = await import("./x.ts")',
    "const here = import.meta.url",
    "const given = { process }",
    "const text = new Intl.NumberFormat().format(1)",
  ])("finds %s", (text) => {
    expect(checkPurity(source(`\n${text}\n`))).toEqual([expect.stringMatching(/^packages\/ledger\/src\/Fact\.ts:2: /)])
  })
  it.each([
    'import { Clock } from "effect"',
    "export const at = new Date(0).toISOString() + Date.parse('2020-01-01') + Date.UTC(2020)",
    "export const isDate = (x: unknown): x is Date => x instanceof Date",
    "export const larger = Math.max(1, 2)",
    "export const run = (process: { readonly env: string }) => process.env",
    "export type Run = (process: string, fetch: () => Date) => void",
    "export interface Host { readonly process: string; fetch(crypto: string): void }",
    "export const host = { process: 1, fetch() {} }.process",
    "export const schema = Schema.Date; export type D = Schema.Date",
    "// Date.now() is for hosts",
    'export const words = "process.env and Date.now()"',
  ])("leaves %s alone", (text) => {
    expect(checkPurity(source(text))).toEqual([])
  })
})

describe("cycles", () => {
  it("names the way round", () => {
    const edges = new Map([
      ["a", ["b"]],
      ["b", ["c"]],
      ["c", ["b", "d"]],
    ])
    expect(findCycles(edges)).toEqual(["b -> c -> b"])
    expect(
      findCycles(
        new Map([
          ["a", ["b", "c"]],
          ["b", ["c"]],
        ]),
      ),
    ).toEqual([])
  })
  it("between files only what loads counts", () => {
    const files = (first: string) => [
      source(first, "packages/x/src/A.ts"),
      source('import "../src/A.ts"', "packages/x/src/B.ts"),
    ]
    expect(checkFileCycles(files('export * from "./B.ts"'))).toHaveLength(1)
    expect(checkFileCycles(files('import type { B } from "./B.ts"'))).toEqual([])
  })
  it("between packages every kind of dependency counts", () => {
    const back = room("packages/ledger", { devDependencies: { "@waybill/ledger-store": "0.1.0" } })
    expect(checkPackageCycles([back, store])).toHaveLength(1)
    expect(checkPackageCycles(rooms)).toEqual([])
  })
})

describe("escapes", () => {
  it.each([
    "const x = y as any",
    "let x: any",
    "const x = y as unknown as string",
    "// @ts-ignore",
    "/* @ts-expect-error because */",
    'it.only("x", () => {})',
    'it.effect.skip("x", () => {})',
    'describe.skip("x", () => {})',
    'test.todo("x")',
  ])("finds %s", (text) => {
    expect(checkEscapes(source(`\n${text}`))).toEqual([expect.stringContaining("Fact.ts:2: ")])
  })
  it("a test may expect a type error", () => {
    expect(checkEscapes(source("// @ts-expect-error closed", "packages/x/test/a.unit.test.ts"))).toEqual([])
  })
  it.each(['const text = "as any, it.only("', "stream.skip(2)", "const x = y as unknown", "Array.of(1).only"])(
    "leaves %s alone",
    (text) => expect(checkEscapes(source(text))).toEqual([]),
  )
})

describe("tracked files", () => {
  const file = (text: string, path = "docs/a.md") => ({ path, text })
  const [slash, dot] = ["/", "."]

  it.each([
    `${slash}root${slash}x`,
    `cd ${slash}work${slash}wt`,
    `"${slash}home${slash}me"`,
    `at=${slash}Users${slash}me`,
  ])("finds the machine path in %s", (text) =>
    expect(checkPlacesNamed([file(`\n${text}`)])).toEqual([expect.stringMatching(/^docs\/a\.md:2: /)]),
  )
  it.each([`https:${slash}${slash}registry${dot}npmjs${dot}org`, `nexus${dot}corp${dot}example`])(
    "finds the registry host in %s",
    (text) => expect(checkPlacesNamed([file(text)])).toHaveLength(1),
  )
  it.each(["./work/x", "packages/root/x", "https://example.org/home/x", "the /work directory", "/tmp/x"])(
    "leaves %s alone",
    (text) => expect(checkPlacesNamed([file(text)])).toEqual([]),
  )
  it("files that are not text are not read", () => {
    expect(checkPlacesNamed([{ path: "a.gz", text: undefined }])).toEqual([])
  })
  it("a lock entry with a host is found, a workspace link is not", () => {
    const hosts = (resolved: string) => checkLockHosts({ packages: { x: { resolved } } })
    expect(hosts("https://example.org/x.tgz")).toHaveLength(1)
    expect(hosts("packages/ledger")).toEqual([])
  })
  it.each(["src/utils.ts", "src/helpers/a.ts", "src/path-util.ts", "src/JobManager.ts", "common/a.ts", "misc.md"])(
    "the name %s is found",
    (path) => expect(checkNames([path])).toHaveLength(1),
  )
  it("names that hold such a word inside another are left alone", () => {
    expect(checkNames(["src/commonality.ts", "src/Utility.ts", "docs/management.md"])).toEqual([])
  })
  it("a long source file needs a reason, and a reason needs a long file", () => {
    const files = [file("a\n".repeat(401), "a.ts"), file("a\n".repeat(400), "b.ts"), file("a\n".repeat(999), "c.md")]
    expect(checkSizes(files, 400, {})).toEqual([expect.stringContaining("a.ts: 401 lines")])
    expect(checkSizes(files, 400, { "a.ts": " " })).toHaveLength(1)
    expect(checkSizes(files, 400, { "a.ts": "a table" })).toEqual([])
    expect(checkSizes(files, 400, { "a.ts": "a table", "b.ts": "a table" })).toHaveLength(1)
  })
})

describe("the lock file", () => {
  const lock = (extra: object = {}) => ({
    packages: {
      "node_modules/x": { dev: true, license: "MIT", optionalDependencies: { "@x/linux-x64-musl": "1.0.0" } },
      ...extra,
    },
  })
  it("a platform package without an entry is found and can be written from its name", () => {
    expect(missingFrom(lock())).toEqual([{ name: "@x/linux-x64-musl", version: "1.0.0", of: "node_modules/x" }])
    const whole = complete(lock())
    expect(missingFrom(whole)).toEqual([])
    expect(whole.packages["node_modules/@x/linux-x64-musl"]).toEqual({
      version: "1.0.0",
      cpu: ["x64"],
      dev: true,
      libc: ["musl"],
      license: "MIT",
      optional: true,
      os: ["linux"],
    })
  })
  it("an entry is found where Node would look for it", () => {
    expect(missingFrom(lock({ "node_modules/@x/linux-x64-musl": {} }))).toEqual([])
    expect(missingFrom(lock({ "node_modules/x/node_modules/@x/linux-x64-musl": {} }))).toEqual([])
    expect(missingFrom(lock({ "node_modules/y/node_modules/@x/linux-x64-musl": {} }))).toHaveLength(1)
  })
  it("a name that does not tell its platform is refused", () => {
    const vague = { packages: { "node_modules/x": { optionalDependencies: { "x-native": "1.0.0" } } } }
    expect(() => complete(vague)).toThrow("x-native@1.0.0")
  })
})

describe("weak points", () => {
  const page = "| No | how it fails |\n| W-01 | a |\n| W-02 | b |\n"
  const test = (text: string, path = "packages/x/test/a.unit.test.ts") => ({ path, text })

  it("each has a test that bears its number, wherever it is", () => {
    const files = [
      test('it("[W-01] holds")'),
      test('it("[W-02] [W-01] too")', "packages/carriers/y/test/b.prop.test.ts"),
    ]
    expect(checkWeakPoints(page, files, 2)).toEqual([])
  })
  it("one without a test, without a line, twice on the page, or unknown to it is found", () => {
    expect(checkWeakPoints(page, [test("[W-01]")], 2)).toEqual(["W-02 has no test"])
    expect(checkWeakPoints(page, [test("[W-01] [W-02] [W-03]")], 3)).toEqual([
      "W-03 is not on the page",
      "packages/x/test/a.unit.test.ts: W-03 is on no page",
    ])
    expect(checkWeakPoints(`${page}| W-02 | c |\n`, [test("[W-01] [W-02]")], 2)).toEqual(["W-02 is on the page twice"])
  })
  it("a number in a file that is no test counts for nothing", () => {
    const files = [
      test("[W-01]"),
      test("[W-02]", "packages/x/src/a.ts"),
      test("[W-02]", "test/house-checks.unit.test.ts"),
    ]
    expect(checkWeakPoints(page, files, 2)).toEqual(["W-02 has no test"])
  })
})
