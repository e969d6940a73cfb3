/**
 * `npm run check:packages`: every public package as a stranger gets it.
 *
 * Builds, packs, lints each tarball, installs all of them together in an empty folder outside the repository, imports
 * every export, starts every program, and type-checks a file that imports them all. One line per problem, exit code 1.
 */
import { execFile } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundleProgram } from "./bundle-program.ts"
import { type Manifest, type Package, missingFromBuild, publicPackagesOf } from "./public-packages.ts"
import { root, seconds } from "./run-tool.ts"

interface Packed {
  readonly filename: string
  readonly name: string
  readonly files: ReadonlyArray<{ readonly path: string }>
}

/** npm hands its settings to what it runs; here they would point back into the repository. */
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith("npm_"))),
  NO_COLOR: "1",
}

/** Runs a program; answers its exit code and what it printed, never throws for a failure of the program itself. */
const start = (command: string, args: ReadonlyArray<string>, cwd: string) =>
  new Promise<{ readonly code: number; readonly stdout: string; readonly output: string }>((resolve) => {
    execFile(command, args, { cwd, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : 1, stdout, output: `${stdout}${stderr}`.trim() || (error?.message ?? "") }),
    )
  })
const startTool = (tool: string, args: ReadonlyArray<string>, cwd = root) =>
  start(process.execPath, [realpathSync(join(root, "node_modules", ".bin", tool)), ...args], cwd)

/** Every specifier a consumer may write; a pattern (`./x/*`) names no single module. */
const specifiersOf = ({ exports = {}, name }: Manifest): ReadonlyArray<string> =>
  Object.keys(exports)
    .filter((key) => key !== "./package.json" && !key.includes("*"))
    .map((key) => (key === "." ? name : `${name}/${key.slice("./".length)}`))

/** Versions of what the packages ask for from outside, as this repository has them installed. */
const outsideVersions = (packages: ReadonlyArray<Package>): ReadonlyArray<string> => {
  const own = new Set(packages.map(({ manifest }) => manifest.name))
  const wanted = new Set([
    "@types/node",
    ...packages.flatMap(({ manifest }) => Object.keys(manifest.peerDependencies ?? {})),
  ])
  return [...wanted].flatMap((name) => {
    const file = join(root, "node_modules", name, "package.json")
    if (own.has(name) || !existsSync(file)) return []
    const { version }: { readonly version: string } = JSON.parse(readFileSync(file, "utf8"))
    return [`${name}@${version}`]
  })
}

const lintTarball = async (folder: string, packed: Packed, license: string): Promise<ReadonlyArray<string>> => {
  const tarball = join(folder, packed.filename)
  const paths = new Set(packed.files.map(({ path }) => path))
  const absent = ["README.md", "LICENSE"].filter((path) => !paths.has(path)).map((path) => `${path} is missing`)
  const strays = [...paths]
    .filter((path) => /(^|\/)test\/|\.test\.|\.tsbuildinfo$/.test(path))
    .map((path) => `ships ${path}`)
  const shipped = await start("tar", ["-xzOf", tarball, "package/LICENSE"], folder)
  const other = paths.has("LICENSE") && shipped.stdout !== license ? ["LICENSE differs from the repository's"] : []
  const [publint, attw] = await Promise.all([
    startTool("publint", ["run", tarball, "--strict"]),
    startTool("attw", [tarball, "--profile", "esm-only", "--no-emoji"]),
  ])
  return [
    ...absent,
    ...strays,
    ...other,
    ...(publint.code === 0 ? [] : [`publint: ${publint.output}`]),
    ...(attw.code === 0 ? [] : [`attw: ${attw.output}`]),
  ].map((problem) => `${packed.name}: ${problem}`)
}

/** Uses the installed packages in every way a consumer can; answers what did not work. */
const useInstalled = async (folder: string, packages: ReadonlyArray<Package>): Promise<ReadonlyArray<string>> => {
  const specifiers = packages.flatMap(({ manifest }) => specifiersOf(manifest))
  const imports = specifiers.map((specifier, index) => `import * as m${index} from ${JSON.stringify(specifier)}\n`)
  const uses = `export const all: ReadonlyArray<object> = [${specifiers.map((_, index) => `m${index}`).join(", ")}]\n`
  writeFileSync(join(folder, "all.ts"), imports.join("") + uses)
  const compilerOptions = {
    target: "es2024",
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    // effect's declarations mention CryptoKey and JsonWebKey.
    lib: ["es2024", "esnext.disposable", "dom", "dom.iterable"],
    types: ["node"],
  }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["all.ts"] }))
  const programs = packages.flatMap(({ manifest: { bin = {}, name } }) =>
    typeof bin === "string" ? [name.replace(/^@[^/]+\//, "")] : Object.keys(bin),
  )
  const results = await Promise.all([
    startTool("tsc", ["-p", "."], folder).then((result) => ({ what: "types of all packages", ...result })),
    ...specifiers.map(async (specifier) => ({
      what: `import ${specifier}`,
      ...(await start(
        process.execPath,
        ["--input-type=module", "-e", `await import(${JSON.stringify(specifier)})`],
        folder,
      )),
    })),
    ...programs.map(async (program) => ({
      what: `${program} --help`,
      ...(await start(
        process.execPath,
        [realpathSync(join(folder, "node_modules", ".bin", program)), "--help"],
        folder,
      )),
    })),
  ])
  for (const { code, what } of results) console.log(`${code === 0 ? "ok    " : "FAILED"} ${what}`)
  return results.flatMap(({ code, output, what }) => (code === 0 ? [] : [`${what}: ${output}`]))
}

const checkPackages = async (folder: string): Promise<ReadonlyArray<string>> => {
  const packages = publicPackagesOf(root)
  const unlisted = missingFromBuild(root)
  if (unlisted.length > 0) return unlisted.map((path) => `${path}: tsconfig.build.json does not list it`)

  for (const { folder: path } of packages) rmSync(join(root, path, "dist"), { recursive: true, force: true })
  const built = await startTool("tsc", ["-b", "tsconfig.build.json"])
  if (built.code !== 0) return [`build: ${built.output}`]
  await bundleProgram(root)

  const which = packages.flatMap(({ folder: path }) => ["-w", path])
  const pack = await start("npm", ["pack", ...which, "--json", "--pack-destination", folder], root)
  if (pack.code !== 0) return [`npm pack: ${pack.output}`]
  const tarballs: ReadonlyArray<Packed> = JSON.parse(pack.stdout)
  const license = readFileSync(join(root, "LICENSE"), "utf8")
  const linted = (await Promise.all(tarballs.map((packed) => lintTarball(folder, packed, license)))).flat()

  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }))
  const installed = await start(
    "npm",
    [
      "install",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      "--no-package-lock",
      "--loglevel=error",
      ...tarballs.map(({ filename }) => `./${filename}`),
      ...outsideVersions(packages),
    ],
    folder,
  )
  if (installed.code !== 0) return [...linted, `npm install of the tarballs: ${installed.output}`]
  return [...linted, ...(await useInstalled(folder, packages))]
}

const started = performance.now()
const folder = mkdtempSync(join(tmpdir(), "waybill-packages-"))
try {
  const problems = await checkPackages(folder)
  for (const problem of problems) console.error(problem)
  const count = publicPackagesOf(root).length
  console.log(`${count} public packages, ${problems.length} problems, ${seconds(started)}`)
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
