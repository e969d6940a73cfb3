/**
 * A report as one page that needs no network: the levels, every law, and for what is broken the requests that show it.
 *
 * @module
 */
import { kindOf, law_kinds, levels, type LawKind } from "../../LawKind.ts"
import type { Verdict } from "../../Report.ts"
import type { CheckedServerLaw, ServerReport } from "../checkServer.ts"
import { badgeSvg } from "./badge.ts"
import { styles } from "./styles.ts"
import { beginWith, brokenLaws, conclusionOf } from "./text.ts"

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
}

/** A text as it stands in a page. What a server answered is never markup. */
export const escaped = (text: string): string => text.replaceAll(/[&<>"']/gu, (character) => escapes[character] ?? "")

const words: Readonly<Record<Verdict["status"], string>> = {
  pass: "pass",
  fail: "fail",
  "not applicable": "n/a",
  skipped: "skipped",
}
const classOf = (status: string): string => status.replaceAll(" ", "-")

const detailsOf = ({ requests, verdict, violation }: CheckedServerLaw): string => {
  if (verdict.status !== "fail") return ""
  const { expected, found, reason } = verdict
  const compared =
    expected === undefined || found === undefined
      ? ""
      : `<div class="compared"><div><h4>Expected</h4><pre>${escaped(expected)}</pre></div><div><h4>Found</h4><pre>${escaped(found)}</pre></div></div>`
  const shown =
    requests.length === 0 ? "" : `<h4>Requests</h4><pre class="requests">${escaped(requests.join("\n\n"))}</pre>`
  return `<p class="why">${escaped(reason)}</p>${compared}${shown}<p class="how">How this happens: ${escaped(violation)}</p>`
}

const lawOf = (law: CheckedServerLaw): string => {
  const { id, level, source, statement, took_ms, verdict } = law
  // Why it was not looked at is seen without a click: what is not shown must not look as if it were.
  const why = verdict.status === "skipped" || verdict.status === "not applicable" ? verdict.reason : ""
  const because = why === "" ? "" : ` <span class="where">(${escaped(why)})</span>`
  const head = `<span class="sign ${classOf(verdict.status)}">${words[verdict.status]}</span> <code>${id}</code> ${escaped(statement)}${because}`
  const where = `<span class="where">${escaped(source)}, level ${level}, ${took_ms} ms</span>`
  const isOpen = verdict.status === "fail" ? " open" : ""
  return `<details id="${id}"${isOpen}><summary>${head}</summary>${where}${detailsOf(law)}</details>`
}

const levelRow = ({
  fail,
  level,
  not_applicable,
  pass,
  reason,
  skipped,
  status,
}: ServerReport["levels"][number]): string =>
  `<tr><th scope="row">${level} ${levels[level].name}</th><td><span class="sign ${classOf(status)}">${status}</span> ${escaped(reason ?? levels[level].about)}</td><td>${pass}</td><td>${fail}</td><td>${not_applicable}</td><td>${skipped}</td></tr>`

const capabilityOf = ([name, value]: readonly [string, unknown]): string => {
  const said = Array.isArray(value)
    ? value
        .map((each) =>
          typeof each === "object" && each !== null && "prefix" in each ? String(each.prefix) : String(each),
        )
        .join(", ")
    : value === true
      ? "yes"
      : "no"
  return `<li>${escaped(name)}: ${escaped(said === "" ? "no" : said)}</li>`
}

/** The report as one HTML document. */
export const reportHtml = (report: ServerReport): string => {
  const kinds = Object.keys(law_kinds) as ReadonlyArray<LawKind>
  const sections = kinds.flatMap((kind) => {
    const laws = report.laws.filter(({ id }) => kindOf(id) === kind)
    if (laws.length === 0) return []
    return [
      `<section><h2>${law_kinds[kind].title}</h2><p>${law_kinds[kind].about}</p>${laws.map(lawOf).join("\n")}</section>`,
    ]
  })
  const alarms = brokenLaws(report).map(
    ({ id, level, statement }) => `<li><a href="#${id}">${id}</a> (level ${level}) ${escaped(statement)}</li>`,
  )
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>JobSpec v0 conformance: ${escaped(report.url)}</title><style>${styles}</style></head>
<body><main>
<header>${badgeSvg(report)}<h1>${escaped(conclusionOf(report))}</h1>
<p>${escaped(report.url)} · seed <code>${report.seed}</code> · ${(report.took_ms / 1000).toFixed(1)} s</p></header>
${alarms.length === 0 ? "" : `<section class="alarms"><h2>Broken laws</h2><p>${escaped(beginWith(report) ?? "")}</p><ol>${alarms.join("")}</ol></section>`}
<section><h2>Levels</h2><table><thead><tr><th>Level</th><th></th><th>pass</th><th>fail</th><th>n/a</th><th>skipped</th></tr></thead>
<tbody>${report.levels.map(levelRow).join("\n")}</tbody></table></section>
${sections.join("\n")}
<section><h2>What the server can do</h2><ul>${Object.entries(report.can).map(capabilityOf).join("")}</ul></section>
</main></body></html>
`
}
