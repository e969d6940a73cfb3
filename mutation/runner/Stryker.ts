/**
 * What Stryker asks of a test runner, and where its instrumented code looks. Written down here because Stryker itself is
 * installed for mutation testing alone, and these files are type-checked without it.
 *
 * @module
 */

import type { MutantKey } from "./Journal.ts"

/** The globals of instrumented code: which mutant is on, and which test covers what. */
export interface Switchboard {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  mutantCoverage?: unknown
}

export interface TestResult {
  readonly id: string
  readonly name: string
  readonly fileName: string
  readonly timeSpentMs: number
  /** 0: passed, 1: failed, 2: skipped. */
  readonly status: 0 | 1 | 2
  readonly failureMessage?: string
  /** It failed because it did not end. */
  readonly isLate?: boolean
}

export type DryRunResult =
  | { readonly status: "complete"; readonly tests: ReadonlyArray<TestResult>; readonly mutantCoverage: unknown }
  | { readonly status: "error"; readonly errorMessage: string }

export type MutantRunResult =
  | {
      readonly status: "killed"
      readonly killedBy: ReadonlyArray<string>
      readonly failureMessage: string
      readonly nrOfTests: number
    }
  | { readonly status: "survived"; readonly nrOfTests: number }
  | { readonly status: "timeout"; readonly reason: string }

export interface MutantRunOptions {
  readonly timeout: number
  readonly testFilter?: ReadonlyArray<string>
  readonly hitLimit?: number
  readonly activeMutant: MutantKey & { readonly id: string }
  readonly mutantActivation: "runtime" | "static"
  readonly reloadEnvironment: boolean
}

export interface TestRunner {
  readonly capabilities: () => { readonly reloadEnvironment: boolean }
  readonly dryRun: (options: { readonly timeout: number }) => Promise<DryRunResult>
  readonly mutantRun: (options: MutantRunOptions) => Promise<MutantRunResult>
  readonly dispose: () => Promise<void>
}
