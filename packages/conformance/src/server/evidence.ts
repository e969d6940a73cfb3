/**
 * The requests that show a failure, as a session that can be pasted into a shell.
 *
 * @module
 */
import { type Exchange, exchangeText } from "./Exchange.ts"

const shown_max = 12

/** Whether a request is about one of these words. What reads everything is about nothing in particular. */
const isAbout = ({ asked, outcome }: Exchange, words: ReadonlyArray<string>): boolean => {
  const body = typeof asked.body === "string" ? asked.body : ""
  const answer = "lost" in outcome || asked.method === "GET" ? "" : outcome.text
  return words.some((word) => `${asked.path} ${body} ${answer}`.includes(word))
}

/** Whether a request may have changed something: it was taken, or nobody knows. */
const mayHaveChanged = ({ asked, outcome }: Exchange): boolean =>
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

/**
 * The requests that matter most of the last ones, in the order in which they were sent; those that were under way at the same time are sent so again.
 *
 * @param words where there are some, only requests about one of them
 */
export const evidenceOf = (
  exchanges: ReadonlyArray<Exchange>,
  token: string | undefined,
  words: ReadonlyArray<string>,
): ReadonlyArray<string> => {
  const about = words.length === 0 ? exchanges : exchanges.filter((each) => isAbout(each, words))
  const shown = fewest(about.toSorted((a, b) => a.began - b.began))
  return shown.map((exchange, i) => {
    const after = shown[i + 1]
    const isJoined = after !== undefined && shown.slice(0, i + 1).some(({ ended }) => ended > after.began)
    const before = shown.slice(0, i).some(({ ended }) => ended > exchange.began)
    const text = exchangeText(exchange, token, isJoined)
    return before && !isJoined ? `${text}\nwait` : text
  })
}
