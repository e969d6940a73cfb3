/**
 * What came of checking laws, as data and as text.
 *
 * @module
 */

/** What became of one law: kept, broken (with the reason), or it says nothing about this subject (and why). */
export type Verdict =
  | { readonly status: "pass" }
  | { readonly status: "fail"; readonly reason: string }
  | { readonly status: "not applicable"; readonly reason: string }

/** One law and what became of it. */
export interface Checked {
  readonly id: string
  readonly statement: string
  readonly violation: string
  readonly took_ms: number
  readonly verdict: Verdict
}

export interface Report {
  /** What was checked, in the caller's words. */
  readonly subject: string
  /** Every law of the kit, by number. */
  readonly laws: ReadonlyArray<Checked>
  /** Whether no law is broken. */
  readonly isKept: boolean
}

const signs = { pass: "pass", fail: "FAIL", "not applicable": "n/a " } as const

const lineOf = ({ id, statement, verdict, violation }: Checked): string => {
  const line = `  ${signs[verdict.status]}  ${id}  ${statement}`
  switch (verdict.status) {
    case "pass":
      return line
    case "not applicable":
      return `${line}\n        ${verdict.reason}`
    case "fail":
      return `${line}\n        ${verdict.reason.replaceAll("\n", "\n        ")}\n        How this happens: ${violation}`
  }
}

/** A report as text: each law on a line, what is broken below it, the sum at the end. */
export const formatReport = ({ laws, subject }: Report): string => {
  const count = (status: Verdict["status"]) => laws.filter(({ verdict }) => verdict.status === status).length
  const sum = `${laws.length} laws: ${count("pass")} pass, ${count("fail")} fail, ${count("not applicable")} not applicable`
  return [subject, ...laws.map(lineOf), sum].join("\n")
}
