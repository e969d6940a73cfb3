/**
 * Which form of an answer is wanted (RFC 9110 §12.5.1).
 *
 * @module
 */

/** How much a media type is wanted: 0 where it is not named, or named as not acceptable. */
const qualityOf = (accept: string, ...names: ReadonlyArray<string>): number => {
  const ranges = accept.split(",").map((range) => range.split(";").map((part) => part.trim().toLowerCase()))
  for (const name of names) {
    const [, ...parameters] = ranges.find(([type]) => type === name) ?? []
    if (!ranges.some(([type]) => type === name)) continue
    const quality = parameters.find((parameter) => parameter.startsWith("q="))
    return quality === undefined ? 1 : Number(quality.slice("q=".length)) || 0
  }
  return 0
}

/** Whether server-sent events are named in an `Accept` header, and not wanted less than JSON. */
export const prefersEventStream = (accept = ""): boolean => {
  const stream = qualityOf(accept, "text/event-stream")
  return stream > 0 && stream >= qualityOf(accept, "application/json", "application/*", "*/*")
}
