import { execFile } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { type Page, type Snippet, compareOutput, readPage } from "./Snippet.ts"

const time_limit_ms = 120_000

/** Where snippets are checked: the repository, its tracked files (for a copy to run shell blocks in). */
export interface Place {
  readonly root: string
  readonly tracked: ReadonlyArray<string>
}

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const start = (place: Place, command: string, args: ReadonlyArray<string>, cwd: string) =>
  new Promise<Ended>((resolve) => {
    // npm's settings for the run around us must not reach an npm that a page calls.
    const clean = Object.entries(process.env).filter(([name]) => !/^(npm_|vitest)/i.test(name))
    const bin = join(place.root, "node_modules", ".bin")
    const env = {
      ...Object.fromEntries(clean),
      NO_COLOR: "1",
      NODE_ENV: "",
      PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}`,
      // What a page leaves behind in the folder for temporary files goes with the rest.
      TMPDIR: cwd,
    }
    execFile(command, args, { cwd, env, timeout: time_limit_ms, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : 1, stdout, stderr: stderr || (error?.message ?? "") }),
    )
  })

const folderOf = (page: string) => page.replaceAll("/", "-")

/** Type-checks all TypeScript at once; answers problems at the page's own lines. */
const checkTypes = async (place: Place, folder: string, snippets: ReadonlyArray<Snippet>) => {
  if (snippets.length === 0) return []
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(place.root, "tsconfig.base.json"),
      // A snippet shows a thing; it need not use it.
      compilerOptions: { noEmit: true, declaration: false, declarationMap: false, noUnusedLocals: false },
      files: snippets.map(({ file, page }) => `${folderOf(page)}/${file}`),
    }),
  )
  const tsc = realpathSync(join(place.root, "node_modules/.bin/tsc"))
  const { code, stderr, stdout } = await start(
    place,
    process.execPath,
    [tsc, "-p", folder, "--pretty", "false"],
    folder,
  )
  if (code === 0) return []
  const problems = stdout.split("\n").flatMap((text) => {
    const [, file = "", line = "", message = ""] = /^(.+?)\((\d+),\d+\): (error .*)$/.exec(text) ?? []
    const snippet = snippets.find((each) => file === `${folderOf(each.page)}/${each.file}`)
    return snippet === undefined ? [] : [`${snippet.page}:${snippet.line + Number(line)}: ${message}`]
  })
  return problems.length > 0 ? problems : [`the snippets' types could not be checked: ${stdout}${stderr}`]
}

/** A copy of the tracked files with the installed packages beside them, so that a page may write what it likes. */
const copyRepository = (place: Place, to: string) => {
  for (const path of place.tracked) {
    mkdirSync(dirname(join(to, path)), { recursive: true })
    cpSync(join(place.root, path), join(to, path))
  }
  symlinkSync(join(place.root, "node_modules"), join(to, "node_modules"))
}

/** Runs the blocks of one page in order; TypeScript shares an empty folder, shell blocks share a copy of the repository. */
const runPage = async (place: Place, folder: string, snippets: ReadonlyArray<Snippet>) => {
  const desk = mkdtempSync(join(tmpdir(), "waybill-page-"))
  const problems: Array<string> = []
  try {
    const [empty, copy] = [join(desk, "empty"), join(desk, "repository")]
    mkdirSync(empty)
    for (const snippet of snippets.filter(({ run }) => run)) {
      if (snippet.kind === "sh" && !existsSync(copy)) copyRepository(place, copy)
      const source = join(folder, folderOf(snippet.page), snippet.file)
      const ended = await (snippet.kind === "ts"
        ? start(place, process.execPath, ["--conditions=@waybill/source", source], empty)
        : start(place, "bash", ["-euo", "pipefail", "-c", snippet.text], copy))
      const problem =
        ended.code === 0
          ? compareOutput(snippet, ended.stdout)
          : `${snippet.at}: fails when run\n${ended.stdout}${ended.stderr}`
      if (problem !== undefined) problems.push(problem)
    }
  } finally {
    rmSync(desk, { recursive: true, force: true })
  }
  return problems
}

/** Everything the pages promise in code and do not keep, each with `<page>:<line>`. */
export const checkPages = async (place: Place, pages: ReadonlyArray<Page>): Promise<ReadonlyArray<string>> => {
  const read = pages.map(readPage)
  const snippets = read.flatMap((page) => page.snippets)
  const typed = snippets.filter(({ kind }) => kind === "ts")
  // Inside the repository, so that imports find its packages.
  mkdirSync(join(place.root, ".waybill"), { recursive: true })
  const folder = mkdtempSync(join(place.root, ".waybill", "docs-"))
  try {
    for (const { file, page, text } of typed) {
      mkdirSync(join(folder, folderOf(page)), { recursive: true })
      writeFileSync(join(folder, folderOf(page), file), text)
    }
    const [types, ...runs] = await Promise.all([
      checkTypes(place, folder, typed),
      ...read.map((page) => runPage(place, folder, page.snippets)),
    ])
    return [...read.flatMap(({ problems }) => problems), ...types, ...runs.flat()]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
