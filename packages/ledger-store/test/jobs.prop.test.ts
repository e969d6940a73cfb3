import fc from "fast-check"
import { expect, it } from "vitest"
import { type Job, JobNames, Jobs } from "../src/jsonl/Jobs.ts"

const jobId = fc.constantFrom("a", "b", "c", '"', "],[", "\ud83d\ude80")
const ids = fc.array(jobId, { maxLength: 12 })

/** What entering each record at once comes to. */
const model = (all: ReadonlyArray<string>) => {
  const jobs = new Map<string, Job>()
  for (const [i, id] of all.entries()) jobs.set(id, { first: jobs.get(id)?.first ?? i + 1, last: i + 1 })
  return [...jobs]
}

it("jobs that are taken apart when they are asked for are the ones that were saved and entered, in whatever part", () =>
  fc.assert(
    fc.property(ids, ids, ids, (saved, later, now) => {
      const list = model(saved).map(([id, { first, last }]) => JSON.stringify([id, first, last]))
      const jobs = new Jobs(list.join(","))
      const all = [...saved, ...later, ...now]
      const lastOf = (position: number, id: string) => new Map(model(all.slice(0, position - 1))).get(id)?.last ?? 0
      for (const [i, id] of later.entries()) {
        const position = saved.length + i + 1
        jobs.enterLater(id, position, lastOf(position, id))
      }
      for (const [i, id] of now.entries()) {
        const position = saved.length + later.length + i + 1
        const before = new Map(model(all.slice(0, position - 1))).get(id)
        const want = { job: before?.first ?? position, previous: before?.last ?? 0 }
        if (i % 2 === 0) expect(jobs.enter(id, position)).toEqual(want)
        else jobs.enterLater(id, position, lastOf(position, id))
      }
      const want = model(all)
      expect([...jobs]).toEqual(want)
      expect(jobs.size).toBe(want.length)
      for (const [id, job] of want) expect(jobs.get(id)).toEqual(job)
    }),
  ))

it("a job whose records do not lead to each other is torn, and stays so when it is saved", () =>
  fc.assert(
    fc.property(ids, fc.nat(), (all, which) => {
      const at = which % Math.max(1, all.length)
      const jobs = new Jobs()
      for (const [i, id] of all.entries()) {
        const last = new Map(model(all.slice(0, i))).get(id)?.last ?? 0
        jobs.enterLater(id, i + 1, i === at ? last - 1 : last)
      }
      const isLater = all.slice(0, at).some((id) => id === all[at])
      const torn = isLater ? [all[at]] : []
      const tornOf = (each: Jobs) => [...each].filter(([, { isTorn }]) => isTorn === true).map(([id]) => id)
      expect(tornOf(jobs)).toEqual(torn)
      expect(tornOf(new Jobs(jobs.saved.map((job) => JSON.stringify(job)).join(",")))).toEqual(torn)
    }),
  ))

it("a job's name is told as it was set or not at all, however many have been set since, and for its own file alone", () =>
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 60 }), (numbers) => {
      const names = new JobNames()
      for (const number of numbers) names.set(1, number, `job-${number}`)
      for (const number of [...numbers, 4096, 8192]) {
        expect([undefined, `job-${number}`]).toContain(names.get(1, number))
        expect(names.get(7, number)).toBeUndefined()
      }
      const last = numbers.at(-1)
      if (last !== undefined) expect(names.get(1, last)).toBe(`job-${last}`)
    }),
  ))
