/**
 * The simulated scheduler: everything that happens is an event of this loop, and time passes only between them.
 *
 * @module
 */
import type { FaultKind } from "./Plan.ts"
import type { Random } from "./Random.ts"
import { Trace } from "./Trace.ts"

/** What somebody does at some time. It is dropped where its owner is gone, and put off while its owner stands still. */
interface Event {
  readonly at_ms: number
  readonly order: number
  readonly owner: Owner | undefined
  readonly run: () => void
  isCancelled: boolean
}

/** Whose events they are: a process that can be killed, or stand still for a while. */
export interface Owner {
  readonly name: string
  isAlive: boolean
  /** Simulated time before which it does nothing. */
  stands_until_ms: number
}

const isBefore = (a: Event, b: Event): boolean => a.at_ms < b.at_ms || (a.at_ms === b.at_ms && a.order < b.order)

/** Whatever happens takes some time: who asks again and again lets the disk get on with its work meanwhile. */
const step_ms = 0.001

/** A binary heap by time, then by order of arrival. */
class Heap {
  readonly #events: Array<Event> = []

  push(event: Event): void {
    const events = this.#events
    let at = events.length
    events.push(event)
    for (; at > 0;) {
      const parent = (at - 1) >> 1
      const above = events[parent]
      if (above === undefined || !isBefore(event, above)) break
      events[at] = above
      at = parent
    }
    events[at] = event
  }

  get first(): Event | undefined {
    return this.#events[0]
  }

  pop(): Event | undefined {
    const events = this.#events
    const [first] = events
    const last = events.pop()
    if (first === undefined || last === undefined || first === last) return first
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      let below = events[child]
      const right = events[child + 1]
      if (right !== undefined && below !== undefined && isBefore(right, below)) {
        child++
        below = right
      }
      if (below === undefined || !isBefore(below, last)) break
      events[at] = below
      at = child
    }
    events[at] = last
    return first
  }
}

export interface LoopOptions {
  readonly random: Random
  /** Whether what is ready is taken in any order; else first come, first served. */
  readonly isShuffled: boolean
  readonly isTraced: boolean
}

export class Loop {
  readonly trace: Trace
  /** How often each kind of fault was met. */
  readonly met = new Map<FaultKind, number>()
  now_ms = 0
  steps = 0
  readonly #random: Random
  readonly #isShuffled: boolean
  readonly #later = new Heap()
  /** Ready to run; from `#from` on where it is served in order. */
  #ready: Array<{ readonly owner: Owner | undefined; readonly run: () => void }> = []
  #from = 0
  #order = 0

  constructor({ isShuffled, isTraced, random }: LoopOptions) {
    this.#random = random
    this.#isShuffled = isShuffled
    this.trace = new Trace(isTraced)
  }

  /** Writes down what somebody did. */
  tell(who: string, what: string): void {
    this.trace.add(this.steps, this.now_ms, who, what)
  }

  /** Counts a fault, and writes it down. */
  meet(kind: FaultKind, who: string, what: string): void {
    this.met.set(kind, (this.met.get(kind) ?? 0) + 1)
    this.tell(who, what)
  }

  /** Runs something at this very time, behind what runs now. */
  soon(owner: Owner | undefined, run: () => void): void {
    this.#ready.push({ owner, run })
  }

  /** Runs something after a while; answers how to call it off. */
  after(wait_ms: number, owner: Owner | undefined, run: () => void): () => void {
    const event: Event = {
      at_ms: this.now_ms + Math.max(0, wait_ms),
      order: this.#order++,
      owner,
      run,
      isCancelled: false,
    }
    this.#later.push(event)
    return () => {
      event.isCancelled = true
    }
  }

  #take() {
    const ready = this.#ready
    const count = ready.length - this.#from
    if (count === 0) return undefined
    if (this.#isShuffled && count > 1) {
      const at = this.#from + this.#random.between(0, count - 1)
      const taken = ready[at]
      const last = ready.pop()
      if (last !== undefined && at < ready.length) ready[at] = last
      return taken
    }
    const taken = ready[this.#from++]
    if (this.#from > 64 && this.#from * 2 > ready.length) {
      this.#ready = ready.slice(this.#from)
      this.#from = 0
    }
    return taken
  }

  #perform(owner: Owner | undefined, run: () => void): void {
    if (owner !== undefined) {
      if (!owner.isAlive) return
      if (owner.stands_until_ms > this.now_ms) {
        this.after(owner.stands_until_ms - this.now_ms, owner, run)
        return
      }
    }
    this.steps++
    this.now_ms += step_ms
    run()
  }

  /** Lets the next thing happen. False where nothing is left that could. */
  step(): boolean {
    const isDue = (this.#later.first?.at_ms ?? Number.POSITIVE_INFINITY) <= this.now_ms
    const task = isDue ? undefined : this.#take()
    if (task !== undefined) {
      this.#perform(task.owner, task.run)
      return true
    }
    const event = this.#later.pop()
    if (event === undefined) return false
    if (event.isCancelled || event.owner?.isAlive === false) return true
    this.now_ms = Math.max(this.now_ms, event.at_ms)
    this.#perform(event.owner, event.run)
    return true
  }
}
