/**
 * The requests that show a failure, as a session that can be pasted into a shell.
 *
 * @module
 */
import { type Exchange, exchangeText, outcomeOf } from "./Exchange.ts"

const shown_max = 12

/** Whether a request is about one of these words. What reads everything is about nothing in particular. */
const isAbout = ({ asked, outcome }: Exchange, words: ReadonlyArray<string>): boolean => {
  const body = typeof asked.body === "string" ? asked.body : ""
  const answer = "lost" in outcome || asked.method === "GET" ? "" : outcome.text
  return words.some((word) => `${asked.path} ${body} ${answer}`.includes(word))
}

/** Whether a request may have changed something: it was taken, or nobody knows. */
export const mayHaveChanged = ({ asked, outcome }: Exchange): boolean =>
  asked.method !== "GET" && asked.method !== "HEAD" && ("lost" in outcome || outcome.status < 300)

/** How many of the last requests are shown whatever they were: they show what is wrong. */
const last_shown = 2

/** So many requests at most, in their order: the last ones, what made things as they were then, and what was asked between. */
const fewest = (exchanges: ReadonlyArray<Exchange>): ReadonlyArray<Exchange> => {
  if (exchanges.length <= shown_max) return exchanges
  const latest = exchanges.toReversed()
  const last = latest.slice(0, last_shown)
  const before = latest.slice(last_shown)
  const changing = before.filter(mayHaveChanged)
  const others = before.filter((each) => !mayHaveChanged(each))
  const shown = new Set([...last, ...changing, ...others].slice(0, shown_max))
  return exchanges.filter((each) => shown.has(each))
}

const isSame = (a: Exchange, b: Exchange | undefined): boolean =>
  b !== undefined &&
  a.asked.method === "GET" &&
  a.asked.method === b.asked.method &&
  a.asked.path === b.asked.path &&
  outcomeOf(a) === outcomeOf(b)

export interface Shown {
  /** Where there are some, only requests about one of them. */
  readonly words: ReadonlyArray<string>
  /** And this one, whatever it is about. */
  readonly also?: Exchange | undefined
  /** When the server was killed and started again: after the requests that had begun by then. */
  readonly restarts?: ReadonlyArray<number>
}

/**
 * The requests that matter most of the last ones, in the order in which they were sent; those that were under way at the same time are
 * sent so again. What was only read again, with the same answer, is read once.
 */
export const evidenceOf = (
  exchanges: ReadonlyArray<Exchange>,
  token: string | undefined,
  { also, restarts = [], words }: Shown,
): ReadonlyArray<string> => {
  const about = words.length === 0 ? exchanges : exchanges.filter((each) => each === also || isAbout(each, words))
  const sent = about.toSorted((a, b) => a.began - b.began)
  const shown = fewest(sent.filter((each, i) => !isSame(each, sent[i + 1])))
  return shown.map((exchange, i) => {
    const after = shown[i + 1]
    const isJoined = after !== undefined && shown.slice(0, i + 1).some(({ ended }) => ended > after.began)
    const before = shown.slice(0, i).some(({ ended }) => ended > exchange.began)
    const isKilled = restarts.some((at) => at >= exchange.began && at < (after?.began ?? Number.POSITIVE_INFINITY))
    const text = exchangeText(exchange, token, isJoined)
    const waited = before && !isJoined ? `${text}\nwait` : text
    return isKilled ? `${waited}\n# then the server is killed and started again` : waited
  })
}

/** What a law has sent that may have changed something, before the one that failed. */
export interface Earlier {
  readonly law: string
  readonly exchanges: ReadonlyArray<Exchange>
}

const headed = (head: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [head] : [`${head}\n${lines[0]}`, ...lines.slice(1)]

/**
 * The words that no request of a law was about: what it failed on is then not of its own making, but was in the ledger before it. A law
 * that reads everything fails on such jobs.
 */
export const strangersTo = (exchanges: ReadonlyArray<Exchange>, words: ReadonlyArray<string>): ReadonlyArray<string> =>
  words.filter((word) => !exchanges.some((each) => isAbout(each, [word])))

/** What was sent about each of some jobs by earlier laws, and that this alone may not show the failure again. */
export const evidenceBefore = (
  earlier: ReadonlyArray<Earlier>,
  token: string | undefined,
  strangers: ReadonlyArray<string>,
): ReadonlyArray<string> => {
  const found = strangers.flatMap((word) => {
    const sent = earlier.flatMap(({ exchanges, law }) => {
      const about = exchanges.filter((each) => isAbout(each, [word]))
      return about.length === 0 ? [] : headed(`# ${word}, by ${law}:`, evidenceOf(about, token, { words: [] }))
    })
    return sent.length === 0
      ? [`# ${word} was in the ledger before this law; what made it is not known any more`]
      : sent
  })
  const rest =
    "# this rests on the whole ledger as it was during the run; on a ledger with nothing else in it the answers may be right"
  return [...found, rest]
}
