/**
 * Where each job's records begin and end.
 *
 * @module
 */

/** Where a job's records begin and end. */
export interface Job {
  readonly first: number
  last: number
  /** Whether the row of one of its records leads to another one than what is known to be the one before it. */
  isTorn?: boolean
}

/** A job as the index remembers it; `1` where it is torn. */
export type SavedJob = readonly [jobId: string, first: number, last: number, isTorn?: 1]

/**
 * All jobs of a ledger. What the index tells of them is taken apart when somebody first asks for a job: a reading from the
 * first record to the last never does, and for 200 000 jobs it is a quarter of the time that such a reading takes.
 */
export class Jobs {
  #saved: string
  #known: Map<string, Job> | undefined
  readonly #later: Array<string> = []
  readonly #positions: Array<number> = []
  readonly #links: Array<number> = []

  /** `saved` is the index's list as JSON, without its brackets. */
  constructor(saved = "") {
    this.#saved = saved
  }

  #all(): Map<string, Job> {
    if (this.#known !== undefined) return this.#known
    const known = new Map<string, Job>()
    this.#known = known
    const saved = JSON.parse(`[${this.#saved}]`) as ReadonlyArray<SavedJob>
    for (const [jobId, first, last, torn] of saved)
      known.set(jobId, { first, last, ...(torn === 1 ? { isTorn: true } : {}) })
    for (const [i, jobId] of this.#later.entries()) this.#link(jobId, this.#positions[i] ?? 0, this.#links[i] ?? 0)
    this.#saved = ""
    this.#later.length = 0
    this.#positions.length = 0
    this.#links.length = 0
    return known
  }

  get size(): number {
    return this.#all().size
  }

  get(jobId: string): Job | undefined {
    return this.#all().get(jobId)
  }

  [Symbol.iterator](): IterableIterator<[string, Job]> {
    return this.#all().entries()
  }

  /** Enters a readable record of a job. Answers the job's number and its previous record. */
  enter(jobId: string, position: number): { readonly job: number; readonly previous: number } {
    const all = this.#all()
    const job = all.get(jobId)
    if (job === undefined) {
      all.set(jobId, { first: position, last: position })
      return { job: position, previous: 0 }
    }
    const previous = job.last
    job.last = position
    return { job: job.first, previous }
  }

  #link(jobId: string, position: number, previous: number): void {
    const job = this.#all().get(jobId)
    if (job !== undefined && previous !== job.last) job.isTorn = true
    this.enter(jobId, position)
  }

  /** Enters a sealed record, whose row says which one is the job's before it. */
  enterLater(jobId: string, position: number, previous: number): void {
    if (this.#known !== undefined) {
      this.#link(jobId, position, previous)
      return
    }
    this.#later.push(jobId)
    this.#positions.push(position)
    this.#links.push(previous)
  }

  /** The list as the index keeps it. */
  get saved(): ReadonlyArray<SavedJob> {
    return Array.from(this.#all(), ([jobId, { first, isTorn, last }]) =>
      isTorn === true ? ([jobId, first, last, 1] as const) : ([jobId, first, last] as const),
    )
  }
}

const names_kept = 4096

/**
 * The names of the jobs that were met last, by the first position of the file that tells and the jobs' numbers in it: neighbouring
 * records are mostly of a few jobs. Rows that were made anew may number jobs otherwise than those of the next file.
 */
export class JobNames {
  readonly #files = new Float64Array(names_kept)
  readonly #numbers = new Float64Array(names_kept)
  readonly #names: Array<string> = []

  get(file: number, job: number): string | undefined {
    const at = job % names_kept
    return this.#numbers[at] === job && this.#files[at] === file ? this.#names[at] : undefined
  }

  set(file: number, job: number, name: string): void {
    const at = job % names_kept
    this.#files[at] = file
    this.#numbers[at] = job
    this.#names[at] = name
  }
}
