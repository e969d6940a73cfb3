/**
 * What came of checking laws, as data and as text.
 *
 * @module
 */

/**
 * What became of one law: kept, broken (with the reason), it says nothing about this subject (and why), or it was not looked
 * at (and what would have been needed).
 */
export type Verdict =
  | { readonly status: "pass" }
  | {
      readonly status: "fail"
      readonly reason: string
      /** What should have been there, and what was, where the law compared the two. */
      readonly expected?: string
      readonly found?: string
    }
  | { readonly status: "not applicable"; readonly reason: string }
  | { readonly status: "skipped"; readonly reason: string }

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

const signs = { pass: "pass", fail: "FAIL", "not applicable": "n/a ", skipped: "skip" } as const

/** One law's lines in a report: what is broken stands below it. */
export const formatChecked = ({ id, statement, verdict, violation }: Checked): string => {
  const line = `  ${signs[verdict.status]}  ${id}  ${statement}`
  switch (verdict.status) {
    case "pass":
      return line
    case "not applicable":
    case "skipped":
      return `${line}\n        ${verdict.reason}`
    case "fail":
      return `${line}\n        ${verdict.reason.replaceAll("\n", "\n        ")}\n        How this happens: ${violation}`
  }
}

/** A report as text: each law on a line, what is broken below it, the sum at the end. */
export const formatReport = ({ laws, subject }: Report): string => {
  const count = (status: Verdict["status"]) => laws.filter(({ verdict }) => verdict.status === status).length
  const skipped = count("skipped") === 0 ? "" : `, ${count("skipped")} skipped`
  const sum = `${laws.length} laws: ${count("pass")} pass, ${count("fail")} fail, ${count("not applicable")} not applicable${skipped}`
  return [subject, ...laws.map(formatChecked), sum].join("\n")
}
