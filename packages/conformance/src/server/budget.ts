/**
 * How the time of a run is divided: who may still begin, and how long a search may go on.
 *
 * @module
 */

/**
 * When a law's turn comes: 0 an example, 1 what restarts the server, 2 a search, 3 what needs much in the ledger, 4 what leaves damage.
 */
export type Rank = 0 | 1 | 2 | 3 | 4

/**
 * So much of the time may be over it when a law begins: on a busy machine everything takes longer, and a law that is given up for that
 * leaves its level not shown. What comes later may begin later, so that what came before cannot use it all up.
 */
const spare_share: Readonly<Record<Rank, number>> = { 0: 1 / 2, 1: 1, 2: 1, 3: 1, 4: 1 }

/** What is kept back from searches for each law that comes after them; more on a server that starts more slowly. */
const kept_back_ms_min = 8_000
const kept_back_share = 2
/** Which part of the time each search gets at least: a server that starts slowly must not use it all up for restarts. */
const search_share_min = 1 / 20
/** Which part of the time is kept back for what comes after the searches, so that a busy machine does not make the run longer. */
const after_searches_share = 1 / 3

/** Whether a law may begin when so much of the time is left; below 0 it is over. */
export const mayBegin = (rank: Rank, left_ms: number, time_ms: number): boolean =>
  left_ms + time_ms * spare_share[rank] > 0

export interface Ahead {
  readonly time_ms: number
  readonly left_ms: number
  /** How many searches are to come, with this one. */
  readonly searches: number
  /** How many laws that may restart the server are to come. */
  readonly restarts: number
  readonly slowest_restart_ms: number
}

/** How long each search that is to come may go on. */
export const searchTime = ({ left_ms, restarts, searches, slowest_restart_ms, time_ms }: Ahead): number => {
  const for_restarts_ms = restarts * Math.max(kept_back_ms_min, slowest_restart_ms * kept_back_share)
  const kept_back_ms = Math.max(for_restarts_ms, time_ms * after_searches_share)
  return Math.max((left_ms - kept_back_ms) / Math.max(1, searches), time_ms * search_share_min)
}
