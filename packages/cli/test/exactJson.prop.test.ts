/** A payload is recorded as it was written, or refused with the place that would change. */
import { invoke } from "@waybill/command"
import fc from "fast-check"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { waybill } from "../src/index.ts"
import { inexactIn } from "../src/jobs/exactJson.ts"

it("whatever a value says of itself is exact, however it is spaced", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 4), (value, space) => {
      expect(inexactIn(JSON.stringify(value, null, space))).toBeUndefined()
    }),
  )
})

it("an integer that no double holds is refused, and no other", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (number) => {
      const isHeld = String(BigInt(Number(number))) === String(number)
      // A double may hold an integer exactly and still be written with other digits.
      if (isHeld && String(Number(number)) !== String(number)) return
      expect(inexactIn(`{"a":[1,${number}]}`) === undefined).toBe(isHeld)
    }),
  )
})

it.each([
  ['{"n":12345678901234567890}', 'the number 12345678901234567890 at ["n"]'],
  ['{"n":[0,{"m":0.1000000000000000055511151231257827}]}', 'at ["n"][1]["m"]'],
  ['{"n":1e400}', 'at ["n"]'],
  ['{"n":-1E-400}', 'at ["n"]'],
  ['{"a":1,"b":{"a":1,"\\u0061":2}}', 'the key ["b"]["a"] is there twice'],
  ['{"a":{},"a":{}}', 'the key ["a"] is there twice'],
])("%s is refused", (text, where) => {
  expect(inexactIn(text)).toContain(where)
})

it.each([
  '{"n":1.50e+3,"m":[-0.10,0,-0,1e2,100E-2,9007199254740992]}',
  '{"a":{"a":"a, \\"a\\":"},"b":[{"a":1},{"a":1}]}',
])("%s is not", (text) => {
  expect(inexactIn(text)).toBeUndefined()
})

it("nothing is submitted of a payload that would change, from wherever it comes", async () => {
  const root = mkdtempSync(join(tmpdir(), "waybill-exact-"))
  const [twice, bytes] = [join(root, "twice"), join(root, "bytes")]
  writeFileSync(twice, '{"a":1,"a":2}')
  writeFileSync(bytes, Buffer.from('{"a":"ü\u00ff"}', "latin1"))
  const said: Array<unknown> = []
  for (const payload of [`@${twice}`, `@${bytes}`, '{"n":12345678901234567890}', '{"a":1,"a":2}']) {
    const words = ["submit", "--type=a.b", "--root", root, `--payload=${payload}`]
    const { envelope, exit_code } = await invoke(waybill, words, { env: {} })
    said.push([exit_code, envelope?.error?.message])
  }
  expect(said).toEqual([
    [2, expect.stringContaining('--payload: the key ["a"] is there twice')],
    [2, expect.stringContaining("--payload: the byte at offset 6 is no UTF-8")],
    [2, expect.stringContaining("12345678901234567890")],
    [2, expect.stringContaining("twice")],
  ])
  expect((await invoke(waybill, ["list", "--root", root], { env: {} })).envelope?.data).toEqual({ jobs: [] })
})
