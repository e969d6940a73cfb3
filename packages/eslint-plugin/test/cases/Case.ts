import type { Options } from "../../src/index.ts"

/** A piece of code and what `network-call-needs-timeout` must find in it, in the order of the source. */
export interface Case {
  /** What the case is about: a group of calls, a form of limit, a message, or what must be left alone; see `rows.ts`. */
  readonly row: string
  readonly code: string
  readonly finds: ReadonlyArray<string>
  /** TypeScript, which ESLint has no parser of its own for. */
  readonly isTypeScript?: true
  readonly options?: Partial<Options>
  /** The path of the file, where it matters. */
  readonly path?: string
}

type Rest = Omit<Case, "row" | "code" | "finds">

export const right = (row: string, code: string, rest: Rest = {}): Case => ({ row, code, finds: [], ...rest })

export const wrong = (row: string, code: string, finds: string | ReadonlyArray<string>, rest: Rest = {}): Case => ({
  row,
  code,
  finds: typeof finds === "string" ? [finds] : finds,
  ...rest,
})

/** The rest of a case in TypeScript. */
export const ts = { isTypeScript: true } as const
/** The rest of a case under the option `strict`. */
export const strict = { options: { strict: true } } as const
export const missing = "missingTimeout"
