/**
 * Random programs of several clients.
 *
 * @module
 */
import fc from "fast-check"
import type { Action, Naming, Program, Step } from "./Step.ts"

const holder = (kind: "heartbeat" | "complete" | "fail" | "release", weight: number) => ({
  weight,
  // Mostly with the present hold, now and then with an earlier one, whose worker does not know that it is late.
  arbitrary: fc.record({
    kind: fc.constant(kind),
    back: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.constantFrom(1, 2)),
  }),
})

const plain = (kind: "submit" | "cancel" | "read" | "claim", weight: number) => ({
  weight,
  arbitrary: fc.constant<Action>({ kind }),
})

const slots = fc.record({
  naming: fc.constantFrom<Naming>("id", "key", "both"),
  isThere: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
})

/**
 * Programs of a few steps upon one to three jobs. Shrinks to fewer steps, sent one after the other, with nobody hanging up.
 *
 * @param works whether there are routes for workers
 * @param cancels whether there is a route to cancel
 */
export const programs = (works: boolean, cancels: boolean): fc.Arbitrary<Program> => {
  const action: fc.Arbitrary<Action> = fc.oneof(
    plain("submit", 5),
    plain("read", 2),
    ...(cancels ? [plain("cancel", works ? 1 : 3)] : []),
    ...(works
      ? [plain("claim", 5), holder("heartbeat", 2), holder("complete", 2), holder("fail", 1), holder("release", 3)]
      : []),
  )
  const step: fc.Arbitrary<Step> = fc
    .record({
      slot: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.constantFrom(1, 2)),
      action,
      isTogether: fc.boolean(),
      hangUp_ms: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, fc.nat(4)),
    })
    .map(({ hangUp_ms, ...rest }) => (hangUp_ms === undefined ? rest : { ...rest, hangUp_ms }))
  return fc.record({
    slots: fc.tuple(slots, slots, slots),
    steps: fc.array(step, { minLength: 1, maxLength: 16 }),
  })
}
