/** The two linters, each given many small files at once, and what the rules say of each file. */
import { execFile } from "node:child_process"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { promisify } from "node:util"
import { Linter } from "eslint"
import plugin from "../../src/index.ts"

export interface Sample {
  readonly code: string
  readonly isTypeScript?: true
  readonly rules: Readonly<Record<string, ReadonlyArray<unknown>>>
  readonly path?: string
}

/** What was found in one file: the rule's name, the message and the line, in the order of the source. */
export interface Finding {
  readonly rule: string
  readonly message: string
  readonly line: number
}

const pathOf = (sample: Sample, index: number): string =>
  `${index}/${sample.path ?? (sample.isTypeScript === true ? "sample.ts" : "sample.js")}`

export const eslint = (sample: Sample): ReadonlyArray<Finding> => {
  const linter = new Linter()
  const messages = linter.verify(
    sample.code,
    [
      {
        files: ["**/*.js"],
        plugins: { waybill: plugin },
        linterOptions: { reportUnusedDisableDirectives: "off" },
        rules: Object.fromEntries(Object.entries(sample.rules).map(([name, options]) => [name, ["error", ...options]])),
      },
    ],
    { filename: sample.path ?? "sample.js" },
  )
  return messages.map(({ line, message, ruleId }) => ({ rule: ruleId ?? "none", message, line }))
}

interface OxlintReport {
  readonly diagnostics: ReadonlyArray<{
    readonly message: string
    readonly code: string
    readonly filename: string
    readonly labels: ReadonlyArray<{ readonly span: { readonly offset: number; readonly line: number } }>
  }>
}

const packageRoot = resolve(import.meta.dirname, "../..")

/** One run of oxlint over all samples, each in its own folder with its own options. */
export const oxlint = async (samples: ReadonlyArray<Sample>): Promise<ReadonlyArray<ReadonlyArray<Finding>>> => {
  const folder = await mkdtemp(join(tmpdir(), "waybill-lint-"))
  try {
    await Promise.all(
      samples.map(async (sample, index) => {
        const file = join(folder, pathOf(sample, index))
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, sample.code)
      }),
    )
    const config = {
      plugins: [],
      categories: { correctness: "off" },
      jsPlugins: [join(packageRoot, "src/index.ts")],
      overrides: samples.map((sample, index) => ({
        files: [`${index}/**`],
        rules: Object.fromEntries(Object.entries(sample.rules).map(([name, options]) => [name, ["error", ...options]])),
      })),
    }
    await writeFile(join(folder, ".oxlintrc.json"), JSON.stringify(config))
    const program = join(dirname(createRequire(import.meta.url).resolve("oxlint/package.json")), "bin/oxlint")
    const run = promisify(execFile)(process.execPath, [program, "--format", "json", "."], {
      cwd: folder,
      maxBuffer: 1 << 26,
    })
    const { stdout } = await run.catch((failure: { stdout: string }) => failure)
    const { diagnostics } = JSON.parse(stdout) as OxlintReport
    const sorted = diagnostics.toSorted((a, b) => (a.labels[0]?.span.offset ?? 0) - (b.labels[0]?.span.offset ?? 0))
    return samples.map((_, index) =>
      sorted
        .filter(({ filename }) => filename.startsWith(`${index}/`))
        .map(({ code, labels, message }) => ({
          rule: code.replace(/^(.*)\((.*)\)$/, "$1/$2"),
          message,
          line: labels[0]?.span.line ?? 0,
        })),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
