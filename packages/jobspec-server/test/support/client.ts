/** Requests as a client sends them, down to the header; no pool, no magic. */
import { type Agent, type IncomingHttpHeaders, request } from "node:http"

export interface Asking {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string | ReadonlyArray<string>>>
  readonly body?: string | Buffer | object
  readonly agent?: Agent
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body as JSON; throws where it is none. */
  readonly json: () => Record<string, unknown>
}

export const ask = (url: string, { agent, body, headers = {}, method = "GET", path }: Asking): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const sent = body === undefined || typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    const asked = request({
      hostname: hostname.replaceAll(/[[\]]/gu, ""),
      port,
      method,
      path,
      agent: agent ?? false,
      signal: AbortSignal.timeout(60_000),
      headers: {
        ...Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
        ),
        ...(sent === undefined ? {} : { "Content-Length": Buffer.byteLength(sent) }),
      },
    })
    asked.on("error", reject)
    asked.on("response", (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("error", reject)
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8")
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: () => JSON.parse(text) as Record<string, unknown>,
        })
      })
    })
    asked.end(sent)
  })

/** What a list of a document holds, as objects. */
export const listIn = (document: unknown, ...path: ReadonlyArray<string>): ReadonlyArray<Record<string, unknown>> => {
  let value = document
  for (const name of path) value = (value as Record<string, unknown>)[name]
  if (!Array.isArray(value)) throw new TypeError(`${path.join(".")} is no list`)
  return value as ReadonlyArray<Record<string, unknown>>
}
