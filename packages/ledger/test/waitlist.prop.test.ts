import fc from "fast-check"
import { expect, it } from "vitest"
import { type Place, Waitlist } from "../src/index.ts"

it("who waits is taken in the order they came, whoever leaves in between; a place that was left refers to nobody", () =>
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constant("add" as const), fc.constant("shift" as const), fc.nat(30)), { maxLength: 100 }),
      (steps) => {
        const list = new Waitlist<number>()
        const places: Array<Place<number>> = []
        let model: Array<number> = []
        for (const step of steps) {
          if (step === "add") {
            model.push(places.length)
            places.push(list.add(places.length))
          } else if (step === "shift") expect(list.shift()).toBe(model.shift())
          else {
            const place = places[step]
            if (place === undefined) continue
            expect(list.delete(place)).toBe(model.includes(step))
            model = model.filter((each) => each !== step)
          }
          expect([list.size, list.first?.value]).toEqual([model.length, model[0]])
        }
        for (const { isIn, next, previous, value } of places)
          if (!model.includes(value)) expect([isIn, next, previous]).toEqual([false, undefined, undefined])
      },
    ),
  ))
