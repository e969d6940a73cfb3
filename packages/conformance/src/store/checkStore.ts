/**
 * The store kit: what every place that keeps a ledger promises.
 *
 * @module
 */
import { Effect } from "effect"
import { checkLaw, checkLaws, type CheckOptions } from "../checkLaws.ts"
import { findLaws } from "../findLaws.ts"
import type { Report, Verdict } from "../Report.ts"
import type { MakePlace, Place, StoreLaw } from "./Place.ts"

/** Every law of stores, by number: each file in `laws/` is one. */
export const storeLaws = (): Promise<ReadonlyArray<StoreLaw>> => findLaws<Place>(new URL("./laws/", import.meta.url))

/**
 * Checks a store against every law and reports; rejects only when the laws cannot be loaded.
 *
 * @param name what is checked, in the caller's words
 * @param place makes a fresh, empty place; called once for each law
 *
 * @example
 * const report = await checkStore("my store", Effect.sync(() => ({ open: openMyStore(freshFolder()) })))
 * console.log(formatReport(report))
 * process.exitCode = report.isKept ? 0 : 1
 */
export const checkStore = async (name: string, place: MakePlace, options: CheckOptions = {}): Promise<Report> =>
  Effect.runPromise(checkLaws(name, await storeLaws(), place, options))

/**
 * Checks one law, for a test runner that shows each as a test of its own. Resolves with the verdict when the law holds or
 * does not apply; rejects with an error that says what is wrong.
 *
 * @example
 * for (const law of await storeLaws()) it(`${law.id} ${law.statement}`, () => keepsLaw(law, place))
 */
export const keepsLaw = async (law: StoreLaw, place: MakePlace, options: CheckOptions = {}): Promise<Verdict> => {
  const verdict = await Effect.runPromise(checkLaw(law, place, options))
  if (verdict.status === "fail") throw new Error(`${law.id} ${law.statement}\n${verdict.reason}`)
  return verdict
}
