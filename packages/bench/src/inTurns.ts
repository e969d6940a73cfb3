/**
 * What something costs behind histories of different lengths, measured in turns, so that whatever else the machine does meets all of
 * them.
 *
 * @module
 */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import type { CurveTools } from "./Benchmark.ts"
import type { Curve } from "./Report.ts"

/** Something that has been opened behind a history of so many events, and has done by then what an opening leaves to be done. */
export interface Behind {
  readonly events: number
  /** Does it once; answers what it took, in µs for each unit. */
  readonly round: () => Promise<number>
  readonly close: () => Promise<void>
}

/** What the filling has left to the disk is written before the time begins: a flush would have to wait for it. */
const settleDisk = (): Promise<unknown> => promisify(execFile)("sync")

/** What the points of {@link fastestInTurns} are. The first round of each is a warm-up. */
export const fastestOf = (rounds: number): string => `the fastest of ${rounds - 1} rounds`

/** The fastest of some rounds behind each of them. */
export const fastestInTurns = async (
  all: ReadonlyArray<Behind>,
  rounds: number,
  { collectGarbage, progress }: Pick<CurveTools, "collectGarbage" | "progress">,
): Promise<Curve["points"]> => {
  const fastest = new Map<Behind, number>()
  try {
    await settleDisk()
    // Once: what is open stays open, and each collection would throw compiled code away.
    collectGarbage()
    for (let n = 1; n <= rounds; n++) {
      if (n % 10 === 1)
        progress(`measuring behind ${all.map(({ events }) => events).join(", ")} events, round ${n} of ${rounds}`)
      for (const each of all) {
        const took = await each.round()
        if (n > 1) fastest.set(each, Math.min(took, fastest.get(each) ?? Number.POSITIVE_INFINITY))
      }
    }
  } finally {
    for (const { close } of all) await close()
  }
  return all.map((each) => ({ x: each.events, y: Number((fastest.get(each) ?? Number.NaN).toPrecision(3)) }))
}
