/**
 * What something costs behind histories of different lengths, measured in turns, so that whatever else the machine does meets all of
 * them.
 *
 * @module
 */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import type { CurveTools } from "./Benchmark.ts"
import { shuffled, spreadOf } from "./Harness.ts"
import type { Curve } from "./Report.ts"

/** Something that is measured again and again, in turns with others. */
export interface Turn {
  /** Does it once; answers what it took. */
  readonly round: () => Promise<number>
}

/** Something that has been opened behind a history of so many events, and has done by then what an opening leaves to be done. */
export interface Behind extends Turn {
  readonly events: number
  /** Does it once; answers what it took, in µs for each unit. */
  readonly round: () => Promise<number>
  readonly close: () => Promise<void>
}

/** What the filling has left to the disk is written before the time begins: a flush would have to wait for it. */
const settleDisk = (): Promise<unknown> => promisify(execFile)("sync")

type Tools = Pick<CurveTools, "collectGarbage" | "progress">

/**
 * What each of them took, in their order, round by round: so many rounds, behind one more that warms up; in each round they take
 * their turns in another order, so that none always pays for what the one before it left to be done.
 */
export const timesInTurns = async (
  all: ReadonlyArray<Turn>,
  rounds: number,
  what: string,
  { collectGarbage, progress }: Tools,
): Promise<ReadonlyArray<ReadonlyArray<number>>> => {
  const times = all.map((): Array<number> => [])
  await settleDisk()
  // Once: what is open stays open, and each collection would throw compiled code away.
  collectGarbage()
  for (let n = 0; n <= rounds; n++) {
    if (n % 10 === 1) progress(`measuring ${what}, round ${n} of ${rounds}`)
    for (const [i, { round }] of shuffled([...all.entries()], 0, n)) {
      const took = await round()
      if (n > 0) times[i]?.push(took)
    }
  }
  return times
}

const points = (xs: ReadonlyArray<number>, ys: ReadonlyArray<number>): Curve["points"] =>
  xs.map((x, i) => ({ x, y: Number((ys[i] ?? Number.NaN).toPrecision(3)) }))

/** One point for each `x`: the middle of what it took in the rounds. */
export const mediansAt = (xs: ReadonlyArray<number>, times: ReadonlyArray<ReadonlyArray<number>>): Curve["points"] =>
  points(
    xs,
    times.map((each) => spreadOf(each).median),
  )

/** What the points of {@link mediansInTurns} are. The first round of each is a warm-up. */
export const medianOf = (rounds: number): string => `the median of ${rounds - 1} rounds`

/** The middle of some rounds behind each of them. */
export const mediansInTurns = async (
  all: ReadonlyArray<Behind>,
  rounds: number,
  tools: Tools,
): Promise<Curve["points"]> => {
  const lengths = all.map(({ events }) => events)
  try {
    return mediansAt(lengths, await timesInTurns(all, rounds - 1, `behind ${lengths.join(", ")} events`, tools))
  } finally {
    for (const { close } of all) await close()
  }
}
