/**
 * Requests to a server, each within the limits of the command that makes them.
 *
 * @module
 */
import type { Context } from "@waybill/command"
import { type Capability, type Credential, readTokenFile } from "@waybill/jobspec-server"
import { Result } from "effect"
import { lostAnswer, noToken, refusedBy, strange, unreachable } from "./refusals.ts"
import type { ServerPlace } from "./ServerPlace.ts"

export type Document = Readonly<Record<string, unknown>>

export const isDocument = (value: unknown): value is Document =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The documents in a list of an answer; what is none is left out. */
export const documentsIn = (answer: Document, name: string): ReadonlyArray<Document> => {
  const list = answer[name]
  return Array.isArray(list) ? list.filter(isDocument) : []
}

export interface Client {
  readonly server: ServerPlace
  /** The document at a path; `undefined` for 404. */
  readonly find: (path: string) => Promise<Document | undefined>
  /** The document at a path that every server has. */
  readonly get: (path: string) => Promise<Document>
  /** A response whose body is read as it comes. */
  readonly open: (path: string, headers: Readonly<Record<string, string>>) => Promise<Response>
  /** Changes something. `again` says what to do when the answer is lost. */
  readonly post: (path: string, body: Document, capability: Capability, again: string) => Promise<Document>
}

const mayUse = (credentials: ReadonlyArray<Credential>, capability: Capability): Credential | undefined =>
  credentials.find(({ capabilities }) => capabilities.has(capability) || capabilities.has("admin")) ?? credentials[0]

/** The token for a change. One that may not make it is sent all the same: the server says so best. */
export const tokenFor = async (server: ServerPlace, capability: Capability): Promise<string> => {
  const read = await readTokenFile(server.token_file)
  if (Result.isFailure(read)) throw noToken(server, read.failure.message)
  const credential = mayUse(read.success, capability)
  if (credential === undefined) throw noToken(server, "the file holds none")
  return credential.token
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The server through a command's own `fetch`, which keeps --timeout and --connect-timeout. */
export const makeClient = (server: ServerPlace, ctx: Pick<Context, "fetch" | "signal">): Client => {
  const send = async (path: string, init: RequestInit): Promise<Response> => {
    try {
      return await ctx.fetch(`${server.url}${path}`, { ...init, redirect: "manual" })
    } catch (thrown) {
      throw (ctx.signal.aborted ? undefined : unreachable(thrown, server)) ?? thrown
    }
  }
  const refuse = async (response: Response) => {
    const text = await response.text()
    const said = parse(text)
    const [reason, name] = isDocument(said) ? [said["error"], said["code"]] : []
    if (typeof reason !== "string" && response.status < 500 && response.status !== 404)
      return strange(server, `is no JobSpec server: it answered ${response.status}`)
    return refusedBy(
      server,
      response.status,
      typeof reason === "string" ? reason : "",
      typeof name === "string" ? name : undefined,
    )
  }
  const documentOf = async (response: Response): Promise<Document> => {
    if (!response.ok) throw await refuse(response)
    const document = parse(await response.text())
    if (isDocument(document)) return document
    throw strange(server, "is no JobSpec server: its answer is no JSON object")
  }
  const find = async (path: string): Promise<Document | undefined> => {
    const response = await send(path, {})
    if (response.status !== 404) return documentOf(response)
    await response.text()
    return undefined
  }
  return {
    server,
    find,
    get: async (path) => {
      const document = await find(path)
      if (document === undefined) throw strange(server, `is no JobSpec server: it has no ${path.split("?")[0] ?? path}`)
      return document
    },
    open: async (path, headers) => {
      const response = await send(path, { headers })
      if (!response.ok) throw await refuse(response)
      return response
    },
    post: async (path, body, capability, again) => {
      const token = await tokenFor(server, capability)
      const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" }
      try {
        return await documentOf(await send(path, { method: "POST", headers, body: JSON.stringify(body) }))
      } catch (thrown) {
        const isBroken = thrown instanceof TypeError && !ctx.signal.aborted
        throw isBroken ? lostAnswer(server, again, thrown) : thrown
      }
    },
  }
}
