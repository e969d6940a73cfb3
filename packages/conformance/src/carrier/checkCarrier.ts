/**
 * The carrier kit: what every vocabulary, projection and decider promises.
 *
 * @module
 */
import { Effect } from "effect"
import { checkLaw, checkLaws, type CheckOptions } from "../checkLaws.ts"
import { findLaws } from "../findLaws.ts"
import type { Report, Verdict } from "../Report.ts"
import type { Carrier } from "./Carrier.ts"
import type { CarrierLaw, Subject } from "./property.ts"

/** Every law of carriers, by number: each file in `laws/` is one. */
export const carrierLaws = (): Promise<ReadonlyArray<CarrierLaw>> =>
  findLaws<Subject>(new URL("./laws/", import.meta.url))

export interface CarrierOptions extends CheckOptions {
  /** How many histories each law tries; 200 by default. */
  readonly runs?: number
  /** Only these laws, by number; all by default. */
  readonly laws?: ReadonlyArray<string>
  /** Draws the same histories again; by default always the same ones. */
  readonly seed?: number
}

const subjectOf = (carrier: Carrier, { runs = 200, seed = 1 }: CarrierOptions) =>
  Effect.succeed<Subject>({ carrier, runs, seed })

/**
 * Checks a carrier against every law and reports; rejects only when the laws cannot be loaded.
 *
 * @example
 * const report = await checkCarrier({ name: "review", reader: Review, facts, projections: [Changes], steps })
 * console.log(formatReport(report))
 */
export const checkCarrier = async (carrier: Carrier, options: CarrierOptions = {}): Promise<Report> => {
  const laws = (await carrierLaws()).filter(({ id }) => options.laws?.includes(id) !== false)
  return Effect.runPromise(checkLaws(carrier.name, laws, subjectOf(carrier, options), options))
}

/** Checks one law, for a test runner that shows each as a test of its own. Rejects with an error that says what is wrong. */
export const carrierKeepsLaw = async (
  law: CarrierLaw,
  carrier: Carrier,
  options: CarrierOptions = {},
): Promise<Verdict> => {
  const verdict = await Effect.runPromise(checkLaw(law, subjectOf(carrier, options), options))
  if (verdict.status === "fail") throw new Error(`${law.id} ${law.statement}\n${verdict.reason}`)
  return verdict
}
