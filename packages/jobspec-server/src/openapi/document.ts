/**
 * The surface as an OpenAPI 3.1 document, made from the table that the server answers from.
 *
 * @module
 */
import { allowOf, type Described, type Operation, type Route } from "../Route.ts"
import { schemas } from "./schemas.ts"

const mediaOf = ({ schema, type }: Described): object | undefined => {
  if (schema !== undefined) {
    if (schemas[schema] === undefined) throw new TypeError(`there is no schema ${schema}`)
    return { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } }
  }
  return type === undefined ? undefined : { [type]: {} }
}

/** Of every operation that looks at the ledger. */
const ledger_answers: Readonly<Record<number, Described>> = {
  500: { description: "The ledger could not be read.", schema: "Error" },
  503: { description: "The ledger cannot be reached for now; `Retry-After` says when to ask again.", schema: "Error" },
}

const answersOf = ({ answers, capabilities, id }: Operation, path: string): object => {
  const always: Record<number, Described> = {
    ...(path.includes("{")
      ? { 400: { description: "The path's percent-encoding is broken: `malformed path`.", schema: "Error" } }
      : {}),
    403: { description: "The request is for another host, or its sender may not.", schema: "Error" },
    ...(id === "health" ? {} : ledger_answers),
    ...answers,
  }
  const described = Object.entries(always).map(([status, each]) => {
    const content = mediaOf(each)
    return [status, { description: each.description, ...(content === undefined ? {} : { content }) }]
  })
  return {
    responses: Object.fromEntries(described) as object,
    ...(capabilities === undefined
      ? {}
      : { security: [{ bearer: [] }, { daemonToken: [] }], "x-capabilities": capabilities }),
  }
}

const parametersIn = (path: string) =>
  [...path.matchAll(/\{([^}]+)\}/gu)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }))

const operationOf = (path: string, operation: Operation, operationId: string): object => {
  const { body, query = [], summary } = operation
  const parameters = [
    ...parametersIn(path),
    ...query.map(({ description, name, type }) => ({ name, in: "query", description, schema: { type } })),
  ]
  return {
    operationId,
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body.isOptional !== true,
            content: { "application/json": { schema: { $ref: `#/components/schemas/${body.schema}` } } },
          },
        }),
    ...answersOf(operation, path),
  }
}

const pathItem = (route: Route, path: string, suffix: string): object => ({
  ...Object.fromEntries(
    Object.entries(route.operations).map(([method, operation]) => [
      method.toLowerCase(),
      operationOf(path, operation, `${operation.id}${suffix}`),
    ]),
  ),
  "x-allow": allowOf(route, "PUT"),
})

/** The document; throws `TypeError` where a route names a schema that does not exist. */
export const openApiDocument = (routes: ReadonlyArray<Route>, version: string): object => ({
  openapi: "3.1.0",
  info: {
    title: "Waybill: JobSpec v0 and worker routes",
    version,
    description:
      "A local job daemon over a durable ledger. Any other method on a path answers 405 with `Allow`; any other path 404 in plain text, and one whose percent-encoding is broken 400.",
    license: { name: "MIT", identifier: "MIT" },
  },
  paths: Object.fromEntries(
    routes.flatMap((route) =>
      [route.path, ...(route.aliases ?? [])].map((path, i) => [
        path,
        pathItem(route, path, i === 0 ? "" : `_alias${i}`),
      ]),
    ),
  ),
  components: {
    schemas,
    securitySchemes: {
      bearer: { type: "http", scheme: "bearer" },
      daemonToken: { type: "apiKey", in: "header", name: "X-AgentOps-Daemon-Token" },
    },
  },
})
