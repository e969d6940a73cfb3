import fc from "fast-check"
import { expect, it } from "vitest"
import { withOneJob } from "../src/jsonl/IndexFile.ts"

/** Texts made of what an index is made of, so that one is easily found within another. */
const id = fc.oneof(
  fc
    .array(fc.constantFrom("[", "]", ",", '"', "1", "2", "a", "\\", '"jobs":[', '],"corrupt":['), {
      minLength: 1,
      maxLength: 8,
    })
    .map((parts) => parts.join("")),
  fc.string({ minLength: 1 }),
)
const jobs = fc
  .uniqueArray(id, { maxLength: 6 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.tuple(fc.constant(name), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })),
      ),
    ),
  )

const indexOf = (entries: ReadonlyArray<readonly [string, number, number]>) => ({
  version: 1,
  head: 12,
  chain: "00",
  segments: [{ first: 1, line: 0, name: "ledger.jsonl", count: 12 }],
  jobs: entries,
  corrupt: [],
  ahead: [],
})

it("of an index in which one job is searched, nothing else changes, and no other job is taken for it", () =>
  fc.assert(
    fc.property(jobs, id, fc.nat(), (entries, other, which) => {
      const wanted = entries[which % (entries.length + 1)]?.[0] ?? other
      const index = indexOf(entries)
      const found: ReturnType<typeof indexOf> = JSON.parse(withOneJob(`${JSON.stringify(index)}\n`, wanted))
      expect({ ...found, jobs: [] }).toEqual({ ...index, jobs: [] })
      expect(found.jobs.filter(([name]) => name === wanted)).toEqual(entries.filter(([name]) => name === wanted))
    }),
    {
      numRuns: 2000,
      examples: [
        [
          [
            ["x[", 1, 2],
            [",foo", 3, 4],
          ],
          ",1,2],[",
          2,
        ],
      ],
    },
  ))
