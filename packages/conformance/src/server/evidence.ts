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

/**
 * The last requests, in the order in which they were sent; those that were under way at the same time are sent so again.
 *
 * @param words where there are some, only requests about one of them
 */
export const evidenceOf = (
  exchanges: ReadonlyArray<Exchange>,
  token: string | undefined,
  words: ReadonlyArray<string>,
): ReadonlyArray<string> => {
  const about = words.length === 0 ? exchanges : exchanges.filter((each) => isAbout(each, words))
  const shown = about.toSorted((a, b) => a.began - b.began).slice(-shown_max)
  return shown.map((exchange, i) => {
    const after = shown[i + 1]
    const isJoined = after !== undefined && shown.slice(0, i + 1).some(({ ended }) => ended > after.began)
    const before = shown.slice(0, i).some(({ ended }) => ended > exchange.began)
    const text = exchangeText(exchange, token, isJoined)
    return before && !isJoined ? `${text}\nwait` : text
  })
}
