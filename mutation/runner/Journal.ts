/**
 * Verdicts as they come, so that a run that was interrupted goes on where it stopped. Stryker itself remembers a run only once
 * it has ended.
 *
 * @module
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import type { MutantRunResult } from "./Stryker.ts"

/** What tells one mutant of a package from all others, whatever number it has in a run. */
export interface MutantKey {
  readonly fileName: string
  readonly mutatorName: string
  readonly replacement: string
  readonly location: unknown
}

interface Line {
  readonly key: string
  readonly result: MutantRunResult
}

const keyOf = ({ fileName, location, mutatorName, replacement }: MutantKey): string =>
  JSON.stringify([fileName, location, mutatorName, replacement])

/** Opens a journal; `fingerprint` is of everything a verdict depends on, and lines under another one are dropped. */
export class Journal {
  readonly #file: string
  readonly #known = new Map<string, MutantRunResult>()

  constructor(file: string, fingerprint: string) {
    this.#file = file
    const [first, ...lines] = existsSync(file) ? readFileSync(file, "utf8").split("\n") : []
    if (first !== fingerprint) {
      writeFileSync(file, `${fingerprint}\n`)
      return
    }
    for (const line of lines) {
      // The last line may have been cut off in the middle.
      if (!line.endsWith("}")) continue
      try {
        const { key, result }: Line = JSON.parse(line)
        this.#known.set(key, result)
      } catch {
        continue
      }
    }
  }

  recall(mutant: MutantKey): MutantRunResult | undefined {
    return this.#known.get(keyOf(mutant))
  }

  /** Several processes append to one journal; a line goes out in one write. */
  remember(mutant: MutantKey, result: MutantRunResult): void {
    const line: Line = { key: keyOf(mutant), result }
    this.#known.set(line.key, result)
    appendFileSync(this.#file, `\n${JSON.stringify(line)}\n`)
  }
}
