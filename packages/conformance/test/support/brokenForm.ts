/** Servers that are wrong in how they read requests and how their answers look. */
import { type BrokenServer, inFile } from "./BrokenServer.ts"

const answering = inFile("jobspec-server/src/answering.ts")
const routing = inFile("jobspec-server/src/Router.ts")
const reading = inFile("jobspec-server/src/body.ts")
const authorizing = inFile("jobspec-server/src/authorize.ts")

export const brokenForm: ReadonlyArray<BrokenServer> = [
  inFile("jobspec-server/src/Http.ts")(
    "adds a charset to the type of its answers",
    "JOBSPEC-001",
    'export const json_type = "application/json"',
    'export const json_type = "application/json; charset=utf-8"',
  ),
  answering(
    "answers an unknown path with JSON",
    "JOBSPEC-002",
    'if (found === "not found") return found',
    'if (found === "not found") return refuse(404, "not found")',
  ),
  routing(
    "takes a slash at the end of a path",
    "JOBSPEC-003",
    "exact.get(asked)",
    'exact.get(asked.replace(/\\/$/u, ""))',
  ),
  routing("knows no path with two slashes", "JOBSPEC-004", 'asked.replaceAll(/\\/{2,}/gu, "/")', "asked"),
  answering(
    "tells nobody in particular which methods a mutation has",
    "JOBSPEC-006",
    '(method === "DELETE" || method === "PATCH")',
    'method === "DELETE"',
  ),
  inFile("jobspec-server/src/send.ts")(
    "invites pages of other sites",
    "JOBSPEC-007",
    '"Content-Length": bytes, ...headers',
    '"Content-Length": bytes, "Access-Control-Allow-Origin": "*", ...headers',
  ),
  answering(
    "refuses to be read with a token that it does not know",
    "JOBSPEC-008",
    "if (capabilities === undefined) return nobody",
    'if (capabilities === undefined && header(request.headers, "authorization") === undefined) return nobody',
  ),
  inFile("carriers/jobspec/src/Health.ts")(
    "tells the time in milliseconds",
    "JOBSPEC-009",
    "now: formatTime(now_ms)",
    "now: String(now_ms)",
  ),
  inFile("jobspec-server/src/routes/reading.ts")(
    "forgets one of the paths without /v1",
    "JOBSPEC-010",
    'aliases: ["/ready"]',
    "aliases: []",
  ),
  inFile("jobspec-server/src/firstValue.ts")(
    "reads what follows the value too",
    "JOBSPEC-011",
    "return parsed(text.slice(start, end))",
    "return parsed(text.slice(start))",
  ),
  reading(
    "takes an empty body for an empty object",
    "JOBSPEC-012",
    "isOptional ? {} : invalid()",
    "isOptional ? {} : {}",
  ),
  inFile("jobspec-server/src/routes/submitting.ts")(
    "writes the whole request into the ledger",
    "JOBSPEC-014",
    'const { job_type = "", ...rest } = fields',
    'const { job_type = "", ...rest } = { ...fields, payload: { ...fields.payload, request: body } }',
  ),
  reading(
    "reads bodies in another encoding",
    "JOBSPEC-015",
    'new TextDecoder("utf-8", { ignoreBOM: true })',
    'new TextDecoder("latin1")',
  ),
  authorizing(
    "takes a token whatever stands before it",
    "JOBSPEC-018",
    'authorization.startsWith("Bearer ") ? authorization.slice("Bearer ".length).trim() : ""',
    'authorization.replace(/^bearer /iu, "").trim()',
  ),
  inFile("ledger/src/Line.ts")(
    "leaves markup in its answers as it is",
    "JOBSPEC-020",
    "const escaped = /[<>&\\u2028\\u2029]/gu",
    "const escaped = /[\\u2028\\u2029]/gu",
  ),
]
