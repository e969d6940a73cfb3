/**
 * Stands in for `fast-check` in a test thread: the same, with fewer runs, a fixed seed and no shrinking. A survivor is thus
 * a survivor on every machine.
 *
 * @module
 */
import real from "fast-check-itself"

export * from "fast-check-itself"

/** How often a property is tried at most. A test that counts what its runs reached, and misses them, gets them all. */
export const limits = { runs_max: Infinity }

const assert: typeof real.assert = ((property: Parameters<typeof real.assert>[0], params: { numRuns?: number } = {}) =>
  real.assert(property, {
    seed: 20_260_101,
    ...params,
    endOnFailure: true,
    numRuns: Math.min(params.numRuns ?? 100, limits.runs_max),
  })) as typeof real.assert

export default { ...real, assert }
export { assert }
