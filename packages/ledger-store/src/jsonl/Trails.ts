/**
 * The ways back along jobs that were gone lately. Who reads a long job page by page asks for the same way with every page, and
 * it can only be gone from its end.
 *
 * @module
 */

const trails_max = 16

interface Trail {
  /** Where the way back began: the job's last record. */
  readonly last: number
  /** The position above which it goes. */
  readonly above: number
  readonly positions: ReadonlyArray<number>
}

/** How many of these, which ascend, are at most `position`. */
const countUpTo = (positions: ReadonlyArray<number>, position: number): number => {
  let [low, high] = [0, positions.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((positions[middle] ?? 0) <= position) low = middle + 1
    else high = middle
  }
  return low
}

export class Trails {
  /** The one that was asked for last comes last. */
  readonly #trails = new Map<string, Trail>()

  /** At most `limit` positions above one, if that part of the way was gone and the job has not gone on since. */
  find(jobId: string, last: number, position: number, limit: number): ReadonlyArray<number> | undefined {
    const trail = this.#trails.get(jobId)
    if (trail === undefined || trail.last !== last || trail.above > position) return undefined
    this.#trails.delete(jobId)
    this.#trails.set(jobId, trail)
    const from = countUpTo(trail.positions, position)
    return trail.positions.slice(from, from + limit)
  }

  /** Remembers a way; the one that was not asked for the longest is forgotten. */
  keep(jobId: string, trail: Trail): void {
    this.#trails.delete(jobId)
    this.#trails.set(jobId, trail)
    for (const oldest of this.#trails.keys()) {
      if (this.#trails.size <= trails_max) return
      this.#trails.delete(oldest)
    }
  }
}
