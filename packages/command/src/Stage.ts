import type { FromRunner } from "./Protocol.ts"

/** What a run needs of the process it is in. */
export interface Stage {
  readonly tell: (message: FromRunner) => void
  /** One line on stderr. */
  readonly log: (line: string) => void
  /** Bytes or text for stdout, of commands that stream; settles when taken. */
  readonly stream: (chunk: string | Uint8Array) => Promise<void>
  readonly now_ms: () => number
  readonly env: Readonly<Record<string, string | undefined>>
  /** Waits a moment for work that nobody awaited; answers the kinds there were. */
  readonly drain: (limit_ms: number) => Promise<ReadonlyArray<string>>
}
