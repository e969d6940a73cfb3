import fc from "fast-check"
import { expect, it } from "vitest"
import { Deadlines } from "../src/Deadlines.ts"

it("each deadline is met once its time is up and not before, unless it was deleted; whatever comes in between", () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.array(
        fc.oneof(
          fc.record({ kind: fc.constant("add" as const) }),
          fc.record({ kind: fc.constant("delete" as const), index: fc.nat(20) }),
          fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 40 }) }),
        ),
        { maxLength: 60 },
      ),
      (limit_ms, steps) => {
        let now_ms = 0
        const deadlines = new Deadlines(limit_ms, () => now_ms)
        const model: Array<{ at_ms: number; isGone: boolean; met: number }> = []
        const entries: Array<ReturnType<Deadlines["add"]>> = []
        for (const step of steps) {
          if (step.kind === "add") {
            const known = { at_ms: now_ms + limit_ms, isGone: false, met: 0 }
            model.push(known)
            entries.push(deadlines.add(() => known.met++))
          } else if (step.kind === "delete") {
            const [known, entry] = [model[step.index], entries[step.index]]
            if (known === undefined || entry === undefined) continue
            known.isGone ||= known.met === 0
            deadlines.delete(entry)
          } else now_ms += step.ms
          deadlines.sweep()
          for (const { at_ms, isGone, met } of model) expect(met).toBe(!isGone && at_ms <= now_ms ? 1 : 0)
        }
      },
    ),
  ))
