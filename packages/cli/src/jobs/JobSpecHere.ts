/**
 * JobSpec v0 as this program reads and writes it: the contract's job types, and any other that is asked for by name.
 *
 * @module
 */
import { JobSpec, JobTypes } from "@waybill/jobspec"

const known = new JobTypes()

/** Those of the types that are not the contract's. */
export const otherTypes = (types: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(types.filter((name) => !known.has(name))),
]

/** Binds the queue to the types that every registry has and to those that are named. Throws `TypeError` for a name that cannot be one. */
export const jobSpecOf = (types: ReadonlyArray<string> = []): JobSpec.JobSpec =>
  JobSpec.make({ jobTypes: otherTypes(types).map((name) => ({ name })) })
