/**
 * The surface as one page that needs nothing else: no script, no font, no picture from anywhere.
 *
 * @module
 */
import type { Operation, Route } from "../Route.ts"
import { schemas } from "./schemas.ts"

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
/** Text with `code` in it. */
const prose = (text: string): string => escaped(text).replaceAll(/`([^`]+)`/gu, "<code>$1</code>")

const schemaLink = (name: string): string => `<a href="#${name}">${name}</a>`

const operationSection = (route: Route, method: string, operation: Operation): string => {
  const { answers, body, capabilities, id, query = [], summary } = operation
  const aliases = (route.aliases ?? []).map((path) => `<code>${escaped(path)}</code>`).join(", ")
  const rows = Object.entries(answers).map(
    ([status, { description, schema, type }]) =>
      `<tr><td>${status}</td><td>${prose(description)}</td><td>${schema === undefined ? escaped(type ?? "") : schemaLink(schema)}</td></tr>`,
  )
  const parameters = query.map(({ description, name }) => `<li><code>${name}</code>: ${prose(description)}</li>`)
  return [
    `<section id="${id}"><h3><code>${method} ${escaped(route.path)}</code></h3><p>${prose(summary)}</p>`,
    aliases === "" ? "" : `<p>Also at ${aliases}.</p>`,
    capabilities === undefined
      ? ""
      : `<p>Needs a token with ${capabilities.map((each) => `<code>${each}</code>`).join(" or ")}.</p>`,
    parameters.length === 0 ? "" : `<ul>${parameters.join("")}</ul>`,
    body === undefined ? "" : `<p>Body${body.isOptional === true ? ", if any" : ""}: ${schemaLink(body.schema)}</p>`,
    `<table>${rows.join("")}</table></section>`,
  ].join("")
}

const style =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}code,pre{font-size:.9em}" +
  "pre{background:#8881;padding:1rem;overflow:auto}td{padding:.2rem 1rem .2rem 0;vertical-align:top}:root{color-scheme:light dark}"

/** The whole page. */
export const docsPage = (routes: ReadonlyArray<Route>, version: string): string => {
  const sections = routes.flatMap((route) =>
    Object.entries(route.operations).map(([method, operation]) => operationSection(route, method, operation)),
  )
  const shapes = Object.entries(schemas).map(
    ([name, schema]) => `<h3 id="${name}">${name}</h3><pre>${escaped(JSON.stringify(schema, undefined, 1))}</pre>`,
  )
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<title>Waybill ${version}</title><style>${style}</style></head><body><h1>Waybill ${version}: JobSpec v0 and worker routes</h1>`,
    `<p>The same for programs: <a href="/openapi.json">openapi.json</a>.</p><h2>Routes</h2>`,
    ...sections,
    `<h2>Shapes</h2>`,
    ...shapes,
    `</body></html>\n`,
  ].join("\n")
}
