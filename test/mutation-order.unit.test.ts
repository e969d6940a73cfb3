/** A mutation run asks first whoever is likeliest to notice, for what it takes. */
import { expect, it } from "vitest"
import { Order } from "../mutation/runner/Order.ts"

const [quick, slow] = [
  { id: "quick", took_ms: 9 },
  { id: "slow", took_ms: 99 },
]

it("of tests that nobody has asked yet, the quicker one comes first", () => {
  expect(new Order().sort([slow, quick])).toEqual([quick, slow])
})

it("one that takes ten times as long comes first once it notices much, and goes back when it no longer does", () => {
  const order = new Order()
  for (let i = 0; i < 50; i++) {
    order.learn("quick", false)
    order.learn("slow", true)
  }
  expect(order.sort([quick, slow])).toEqual([slow, quick])
  for (let i = 0; i < 50; i++) order.learn("quick", true)
  expect(order.sort([slow, quick])).toEqual([quick, slow])
})
