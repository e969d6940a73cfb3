/** The served document, and what it says of an answer. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import type { Answered } from "./client.ts"

export type Schema = Readonly<Record<string, unknown>>

export interface OperationDocument {
  readonly operationId: string
  readonly parameters?: ReadonlyArray<{ readonly name: string; readonly in: "path" | "query"; readonly schema: Schema }>
  readonly requestBody?: {
    readonly required: boolean
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>
  }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >
  readonly security?: ReadonlyArray<unknown>
}

export interface Surface {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

export interface Documented {
  readonly path: string
  readonly method: "GET" | "POST" | "DELETE"
  readonly operation: OperationDocument
}

export const surfaceIn = ({ text }: Answered): Surface => JSON.parse(text) as Surface

const methods = ["GET", "POST", "DELETE"] as const

export const operationsIn = ({ paths }: Surface): ReadonlyArray<Documented> =>
  Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method.toLowerCase()] as OperationDocument | undefined
      return operation === undefined ? [] : [{ path, method, operation }]
    }),
  )

/** Says what is wrong with an answer by the document, or `undefined`. */
export const makeChecker = (surface: Surface) => {
  const ajv = new Ajv2020({ strict: false })
  ajv.addSchema({ $id: "waybill:surface", components: surface.components })
  const compiled = new Map<string, ValidateFunction>()
  const validatorOf = (schema: Schema): ValidateFunction => {
    const name = String(schema["$ref"])
    const known = compiled.get(name) ?? ajv.compile({ $ref: `waybill:surface${name}` })
    compiled.set(name, known)
    return known
  }
  return ({ operation }: Documented, { headers, status, text }: Answered): string | undefined => {
    const described = operation.responses[status]
    if (described === undefined) return `status ${status} is not documented: ${text.slice(0, 300)}`
    const [[type, { schema }] = ["", {}]] = Object.entries(described.content ?? {})
    if (type === "") return text === "" ? undefined : `a body where there should be none: ${text.slice(0, 300)}`
    if (!String(headers["content-type"]).startsWith(type))
      return `media type ${String(headers["content-type"])}, not ${type}`
    if (schema === undefined) return undefined
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      return `no JSON: ${text.slice(0, 300)}`
    }
    const validate = validatorOf(schema)
    return validate(body) ? undefined : `${ajv.errorsText(validate.errors)} in ${text.slice(0, 500)}`
  }
}
