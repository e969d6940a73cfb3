/**
 * One request and what came of it, as a person can repeat it.
 *
 * @module
 */

export interface Asked {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** The client hung up after so long, without having heard. */
  readonly hung_up_ms?: number
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly bytes: Uint8Array
  /** The body as JSON, `undefined` where it is none. */
  readonly json: unknown
}

/** A request, and its answer or why there is none. */
export interface Exchange {
  readonly asked: Asked
  readonly outcome: Answer | { readonly lost: string }
  /** When it was sent and when it was over, as numbers that grow with each request and each answer of one client. */
  readonly began: number
  readonly ended: number
}

const shown_characters_max = 400

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const bodyOf = (body: string | Uint8Array): string => {
  const text = typeof body === "string" ? body : new TextDecoder().decode(body)
  // A megabyte of one letter helps nobody: it is made where the command is run.
  return text.length <= 2_000
    ? ` --data-binary ${quoted(text)}`
    : ` --data-binary @- # ${text.length} characters: ${quoted(text.slice(0, 80))}…`
}

/** What is shorter than this stands in a text for something else as likely: only where a token is expected it is taken for one. */
const secret_characters_min = 6

const isSecret = (token: string | undefined): token is string =>
  token !== undefined && token.length >= secret_characters_min

/** A text without the token, which is `$TOKEN` in it. */
export const redacted = (text: string, token: string | undefined): string =>
  isSecret(token) ? text.replaceAll(token, "$TOKEN") : text

/** A text between quotes in which the shell fills in names. */
const filledIn = (text: string): string => text.replaceAll(/[\\"$`]/gu, "\\$&")

/** What stands around the token in a header; one part where it is not in it. */
const aroundToken = (name: string, header: string, token: string | undefined): ReadonlyArray<string> => {
  if (token === undefined || token === "") return [header]
  if (name.toLowerCase() === "authorization" && header.endsWith(token)) return [header.slice(0, -token.length), ""]
  return isSecret(token) ? header.split(token) : [header]
}

/**
 * A request as a command for a shell; the token is `$TOKEN` and the server `$URL`, so that it can be shown to anybody.
 *
 * @example
 * curlOf({ method: "POST", path: "/v1/jobs", headers: { Authorization: "Bearer s3cret" }, body: "{}" }, "s3cret")
 * // curl -sS -X POST -H "Authorization: Bearer $TOKEN" --data-binary '{}' "$URL/v1/jobs"
 */
export const curlOf = ({ body, headers, hung_up_ms, method, path }: Asked, token: string | undefined): string => {
  const heads = Object.entries(headers).map(([name, value]) => {
    const header = `${name}: ${value}`
    const parts = aroundToken(name, header, token)
    return parts.length === 1 ? ` -H ${quoted(header)}` : ` -H "${parts.map(filledIn).join("$TOKEN")}"`
  })
  const asked = method === "HEAD" ? " -I" : method === "GET" ? "" : ` -X ${method}`
  const plain = /^[\w/.?=&%:,+~-]*$/u.test(path)
  const gone = hung_up_ms === undefined ? "" : ` --max-time ${Math.max(1, Math.round(hung_up_ms)) / 1000}`
  return `curl -sS${gone}${asked}${heads.join("")}${plain ? ` "$URL${path}"` : ` "$URL"${quoted(path)}`}${body === undefined ? "" : bodyOf(body)}`
}

/** What came of a request, on one line. */
export const outcomeOf = ({ outcome }: Pick<Exchange, "outcome">): string => {
  if ("lost" in outcome) return `no answer: ${outcome.lost}`
  const text = outcome.text.trimEnd()
  return `${outcome.status} ${text.length > shown_characters_max ? `${text.slice(0, shown_characters_max)}…` : text}`
}

/**
 * A request and its answer as lines of a shell's session.
 *
 * @param isJoined whether the next one is sent without waiting for this one's answer
 */
export const exchangeText = (
  exchange: Pick<Exchange, "asked" | "outcome">,
  token: string | undefined,
  isJoined = false,
): string => {
  const outcome = redacted(outcomeOf(exchange), token).replaceAll("\n", "\n# ")
  return `${curlOf(exchange.asked, token)}${isJoined ? " &" : ""}\n# ${outcome}`
}
