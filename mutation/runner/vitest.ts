/**
 * Stands in for `vitest` in a test thread: `describe`, `it` and hooks only collect, so that tests are loaded once and run
 * again for every mutant. `expect` is vitest's own.
 *
 * @module
 */
import { chai } from "vitest-itself"
import { format, inspect } from "node:util"

export { assertType, chai, expect, expectTypeOf } from "vitest-itself"

interface Suite {
  readonly name: string
  readonly suite: Suite | undefined
}
interface Context {
  readonly task: { readonly name: string; readonly suite: Suite | undefined }
  readonly skip: (reason?: string) => never
}
type Body = (...args: ReadonlyArray<unknown>) => unknown
type Hook = () => unknown

export interface Collected {
  readonly id: string
  readonly name: string
  readonly fileName: string
  readonly before: ReadonlyArray<Hook>
  readonly after: ReadonlyArray<Hook>
  readonly body: () => unknown
}

export class Skipped extends Error {}

const root: Suite = { name: "", suite: undefined }
let suite = root
let fileName = ""
const hooks = { beforeAll: [] as Array<Hook>, afterAll: [] as Array<Hook> }
const beforeEachOf = new Map<Suite, Array<Hook>>()
const afterEachOf = new Map<Suite, Array<Hook>>()
const tests: Array<Collected> = []

/** What the files that were imported hold, and what runs once before and after all of it. */
export const collected = { tests, ...hooks }

/** From here on, tests belong to this file. */
export const enterFile = (name: string): void => {
  fileName = name
  suite = root
}

const chain = (of: Suite | undefined): ReadonlyArray<Suite> => (of === undefined ? [] : [...chain(of.suite), of])

const bodyOf = (args: ReadonlyArray<unknown>): Body =>
  (args.find((arg) => typeof arg === "function") as Body | undefined) ?? (() => undefined)

/** A row's test is given the row, any other its context. */
const addTest = (name: string, body: Body, row?: ReadonlyArray<unknown>): void => {
  const path = [...chain(suite), { name, suite }].map((part) => part.name).filter((part) => part !== "")
  const [own, file] = [suite, fileName]
  const context: Context = {
    task: { name, suite: own },
    skip: (reason = "") => {
      throw new Skipped(reason)
    },
  }
  tests.push({
    // Not the title: it may show what the code under test said, and then a mutant would rename its test.
    id: `${file}#${tests.filter((test) => test.fileName === file).length}`,
    name: path.join(" > "),
    fileName: file,
    before: chain(own).flatMap((each) => beforeEachOf.get(each) ?? []),
    after: chain(own).flatMap((each) => afterEachOf.get(each) ?? []),
    body: () => body(...(row ?? [context])),
  })
}

const addSuite = (name: string, body: Body, args: ReadonlyArray<unknown>): void => {
  const outer = suite
  suite = { name, suite: outer }
  body(...args)
  suite = outer
}

const rowsOf =
  (add: (name: string, body: Body, row: ReadonlyArray<unknown>) => void) =>
  (table: Iterable<unknown>) =>
  (name: string, ...rest: ReadonlyArray<unknown>): void => {
    let index = 0
    for (const entry of table) {
      const row: ReadonlyArray<unknown> = Array.isArray(entry) ? entry : [entry]
      const shown = row.slice(0, name.match(/%[sdifjoO]/gu)?.length ?? 0)
      const title = format(name.replaceAll("%#", String(index++)), ...shown).split("\n")[0] ?? name
      add(title.slice(0, 200), bodyOf(rest), row)
    }
  }

const oneTest = Object.assign((name: string, ...rest: ReadonlyArray<unknown>): void => addTest(name, bodyOf(rest)), {
  each: rowsOf((name, body, row) => addTest(name, body, row)),
})
const noTest = Object.assign((): void => undefined, { each: () => (): void => undefined })

// What vitest runs at the same time runs one after the other here: a mutant has one test at a time.
export const it = Object.assign(oneTest, {
  concurrent: oneTest,
  sequential: oneTest,
  runIf: (isRun: unknown) => (isRun ? oneTest : noTest),
  skipIf: (isSkipped: unknown) => (isSkipped ? noTest : oneTest),
})
export const test = it

const oneSuite = Object.assign(
  (name: string, ...rest: ReadonlyArray<unknown>): void => addSuite(name, bodyOf(rest), []),
  { each: rowsOf((name, body, row) => addSuite(name, body, row)) },
)
const noSuite = noTest

export const describe = Object.assign(oneSuite, {
  concurrent: oneSuite,
  sequential: oneSuite,
  runIf: (isRun: unknown) => (isRun ? oneSuite : noSuite),
  skipIf: (isSkipped: unknown) => (isSkipped ? noSuite : oneSuite),
})

export const beforeAll = (hook: Hook): void => void hooks.beforeAll.push(hook)
export const afterAll = (hook: Hook): void => void hooks.afterAll.push(hook)
export const beforeEach = (hook: Hook): void => {
  beforeEachOf.set(suite, [...(beforeEachOf.get(suite) ?? []), hook])
}
export const afterEach = (hook: Hook): void => {
  afterEachOf.set(suite, [...(afterEachOf.get(suite) ?? []), hook])
}

/** What the snapshots of each test were without a mutant: `undefined` while that is being found out. */
export const snapshots: { known: Readonly<Record<string, string>> | undefined; seen: Record<string, string> } = {
  known: undefined,
  seen: {},
}
/** The snapshots that the test at hand has compared. */
export const current = { id: "", count: 0 }

const shown = (value: unknown): string => inspect(value, { depth: null, sorted: true, maxArrayLength: null })

// The files of snapshots are npm test's business; here a snapshot is what the code said before it was mutated.
chai.use(({ Assertion }, util) => {
  const compare = function (this: object) {
    const key = `${current.id} ${current.count++}`
    const text = shown(util.flag(this, "object"))
    snapshots.seen[key] = text
    if (snapshots.known !== undefined && snapshots.known[key] !== text) throw new Error(`is not the snapshot: ${text}`)
  }
  for (const name of ["toMatchSnapshot", "toMatchInlineSnapshot", "toMatchFileSnapshot"])
    util.addMethod(Assertion.prototype, name, compare)
})
