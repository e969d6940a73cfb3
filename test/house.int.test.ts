import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { missingFrom } from "../scripts/complete-lock.mjs"
import { missingFromBuild, packagesOf } from "../scripts/public-packages.ts"
import { checkFileCycles, checkPackageCycles } from "./support/house/cycles.ts"
import { checkEscapes } from "./support/house/escapes.ts"
import { checkDependencies, checkLayers, checkPlaces } from "./support/house/layers.ts"
import { checkPurity } from "./support/house/purity.ts"
import { checkReasons } from "./support/house/reasons.ts"
import { parseSource } from "./support/house/SourceFile.ts"
import { trackedPaths } from "./support/house/tracked-paths.ts"
import { checkLockHosts, checkNames, checkPlacesNamed, checkSizes } from "./support/house/tracked.ts"
import { checkWeakPoints } from "./support/house/weakPoints.ts"

const root = join(import.meta.dirname, "..")

/** Files that may be longer than 400 lines, each with its reason. */
const reasonsToBeLong: Readonly<Record<string, string>> = {}

const paths = trackedPaths(root)
const tracked = paths.map((path) => {
  const bytes = readFileSync(join(root, path))
  return { path, text: bytes.includes(0) ? undefined : bytes.toString("utf8") }
})
const sources = tracked.flatMap(({ path, text }) =>
  /\.(ts|mts)$/.test(path) && text !== undefined ? [parseSource(path, text)] : [],
)
const packages = packagesOf(root)
const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"))

it("every package has its place in the house", () => {
  expect(packages.length).toBeGreaterThan(0)
  expect(checkPlaces(packages)).toEqual([])
})

it("src imports lower layers only, by package name", () => {
  expect(checkLayers(packages, sources)).toEqual([])
})

it("package.json declares exactly what src imports, workspace packages by exact version", () => {
  expect(checkDependencies(packages, sources)).toEqual([])
})

it("every dependency has its reason written down", () => {
  const all = [
    ...packages.map(({ manifest }) => manifest),
    JSON.parse(readFileSync(join(root, "package.json"), "utf8")),
  ]
  expect(checkReasons(all, readFileSync(join(root, "docs/decisions/dependencies.md"), "utf8"))).toEqual([])
})

it("the ledger and the carriers are pure", () => {
  const pure = sources.filter(({ path }) => /^packages\/(ledger|carriers\/[^/]+)\/src\//.test(path))
  expect(pure.length).toBeGreaterThan(0)
  expect(pure.flatMap(checkPurity)).toEqual([])
})

it("no file and no package imports itself through others", () => {
  expect(checkFileCycles(sources)).toEqual([])
  expect(checkPackageCycles(packages)).toEqual([])
})

it("no source file is over 400 lines without a reason", () => {
  expect(checkSizes(tracked, 400, reasonsToBeLong)).toEqual([])
})

it("every file is named after an idea", () => {
  expect(checkNames(paths)).toEqual([])
})

it("nothing is written down that is true on one machine only", () => {
  expect(checkPlacesNamed(tracked)).toEqual([])
  expect(checkLockHosts(lock)).toEqual([])
})

it("the lock file names every platform's packages, so that npm ci accepts it", () => {
  expect(missingFrom(lock)).toEqual([])
})

it("nothing goes round the type checker, and every test runs", () => {
  const exempt = "test/support/needs.ts"
  expect(sources.filter(({ path }) => path !== exempt).flatMap(checkEscapes)).toEqual([])
})

it("the build covers every public package", () => {
  expect(missingFromBuild(root)).toEqual([])
})

it("each of the thirty weak points of a settlement has a test that bears its number", () => {
  const page = readFileSync(join(root, "docs/reference/settlement-weak-points.md"), "utf8")
  const files = tracked.flatMap(({ path, text }) => (text === undefined ? [] : [{ path, text }]))
  expect(checkWeakPoints(page, files, 30)).toEqual([])
})
