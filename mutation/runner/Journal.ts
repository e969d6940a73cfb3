/**
 * Verdicts as they come, so that a run that was interrupted goes on where it stopped, and a later one judges only what has
 * changed since.
 *
 * A verdict rests on the mutated file and on the test files that spoke: on the one that noticed the mutant, or on all that
 * were asked and did not. It holds while these are the same. A survivor is thus asked about by new and changed test files
 * alone, and by those of which it was asked only a part when a run has more patience than the one before. What else a verdict may depend on, such as the other files of the package, is taken to make no difference:
 * `--fresh` does without that.
 *
 * @module
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import type { MutantRunResult } from "./Stryker.ts"

/** What tells one mutant of a package from all others, whatever number it has in a run. */
export interface MutantKey {
  /** From the repository's root. */
  readonly fileName: string
  readonly mutatorName: string
  readonly replacement: string
  readonly location: unknown
}

/** What is known of a mutant, and the unchanged test files that it rests on; of some a part alone was asked. */
export interface Known {
  readonly result: MutantRunResult
  readonly files: ReadonlyArray<string>
  readonly partial: ReadonlyArray<string>
}

/** The digest of a file by its path from the root; `undefined` where there is none. */
export type Digests = Readonly<Record<string, string>>

interface Line {
  readonly key: string
  readonly source: string | undefined
  readonly files: Digests
  readonly partial?: ReadonlyArray<string>
  readonly patience_ms?: number
  readonly result: MutantRunResult
}

const keyOf = ({ fileName, location, mutatorName, replacement }: MutantKey): string =>
  JSON.stringify([fileName, location, mutatorName, replacement])

/** Opens a journal; `fingerprint` is of what makes and runs the mutants, and lines under another one are dropped. */
export class Journal {
  readonly #file: string
  readonly #digests: Digests
  readonly #patience_ms: number
  readonly #lines = new Map<string, Line>()

  constructor(file: string, fingerprint: string, digests: Digests, patience_ms: number) {
    this.#file = file
    this.#patience_ms = patience_ms
    this.#digests = digests
    const [first, ...lines] = existsSync(file) ? readFileSync(file, "utf8").split("\n") : []
    if (first !== fingerprint) {
      writeFileSync(file, `${fingerprint}\n`)
      return
    }
    for (const text of lines) {
      // The last line may have been cut off in the middle.
      if (!text.endsWith("}")) continue
      try {
        const line: Line = JSON.parse(text)
        this.#lines.set(line.key, line)
      } catch {
        continue
      }
    }
  }

  recall(mutant: MutantKey): Known | undefined {
    const line = this.#lines.get(keyOf(mutant))
    if (line === undefined || line.source !== this.#digests[mutant.fileName]) return undefined
    const files = Object.keys(line.files)
    const { partial = [], patience_ms = Infinity } = line
    const holding = files.filter(
      (file) =>
        line.files[file] === this.#digests[file] && (!partial.includes(file) || this.#patience_ms <= patience_ms),
    )
    if (line.result.status !== "survived" && holding.length < files.length) return undefined
    return { result: line.result, files: holding, partial: partial.filter((file) => holding.includes(file)) }
  }

  /** Several processes append to one journal; a line goes out in one write. */
  remember(mutant: MutantKey, { files, partial, result }: Known): void {
    const line: Line = {
      key: keyOf(mutant),
      source: this.#digests[mutant.fileName],
      files: Object.fromEntries(files.map((file) => [file, this.#digests[file] ?? ""])),
      ...(partial.length === 0 ? {} : { partial, patience_ms: this.#patience_ms }),
      result,
    }
    this.#lines.set(line.key, line)
    appendFileSync(this.#file, `\n${JSON.stringify(line)}\n`)
  }
}
