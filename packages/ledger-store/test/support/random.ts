/** mulberry32: numbers from 0 up to 1 that the seed alone decides. */
export const randomFrom = (start: number) => {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** The seed of this run, from the environment where it is to be run again. */
export const seedOfRun = (): number => Number(process.env["SEED"] ?? Date.now() % 1_000_000)
