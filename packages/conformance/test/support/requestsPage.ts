/** The page of what a server of JobSpec v0 must know to the letter: job types, payload fields, and the texts of refusals. */
import { curlOf } from "@waybill/conformance"
import { contract_job_types, type FieldKind, JobTypes, type PayloadShape, renamed_job_types } from "@waybill/jobspec"

/** A request that is refused, and when it is. */
export interface Refused {
  readonly when: string
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** `token` sends a token that may do everything. */
  readonly as?: "token" | "nobody"
}

const submit = (when: string, body: string, headers: Readonly<Record<string, string>> = {}): Refused => ({
  when,
  method: "POST",
  path: "/v1/jobs",
  headers,
  body,
})
const job = (more: string): string => `{"job_type":"eval.suite",${more}}`
const cancel = (when: string, body: string, path = "/v1/jobs/cancel"): Refused => ({ when, method: "POST", path, body })
const schedule = (when: string, body: string): Refused => ({ when, method: "POST", path: "/v1/schedules", body })

/** In the order of the contract's sections. `taken` is a job that is there; `nightly` a schedule. */
export const refusals: ReadonlyArray<Refused> = [
  { when: "no such path", method: "GET", path: "/v1/nothing" },
  { when: "no such method", method: "POST", path: "/v1/health", body: "{}" },
  { when: "no token", method: "POST", path: "/v1/jobs", body: job('"job_id":"a"'), as: "nobody" },
  submit("a token that it does not know", job('"job_id":"a"'), { Authorization: "Bearer unknown" }),
  submit("a page of another site", job('"job_id":"a"'), { Origin: "https://elsewhere.example" }),
  submit("a browser on another site's behalf", job('"job_id":"a"'), { "Sec-Fetch-Site": "cross-site" }),
  submit("no JSON", "{"),
  submit("no object", "[]"),
  submit("a field of the wrong type", '{"job_type":1}'),
  submit("no type", "{}"),
  submit("an unknown type", '{"job_type":"nothing"}'),
  submit("a key that is too long", job(`"idempotency_key":"${"k".repeat(257)}"`)),
  submit("a reserved id", job('"job_id":"schedule"')),
  submit("a request id that is blank", job('"request_id":"  "')),
  submit("a request id with white space", job('"request_id":"a b"')),
  submit("a payload field of the wrong type", '{"job_type":"rpi.run","payload":{"goal":1}}'),
  submit("a failure that is asked for", job('"job_id":"a"'), { "X-AgentOps-Failpoint": "before_append" }),
  cancel("no job named", "{}"),
  cancel("no such job", '{"job_id":"absent"}'),
  cancel("another job than the path's", '{"job_id":"other"}', "/v1/jobs/taken/cancel"),
  cancel("a slash in the path's id", "{}", "/v1/jobs/a%2Fb/cancel"),
  { when: "an unknown cursor", method: "GET", path: "/v1/events?since=evt_unknown" },
  { when: "a limit that is none", method: "GET", path: "/v1/events?limit=-1" },
  {
    when: "a type that consumers may not trigger",
    method: "POST",
    path: "/openclaw/v1/triggers/jobs",
    body: '{"job_type":"eval.suite"}',
  },
  {
    when: "the same, by the other name",
    method: "POST",
    path: "/consumer/v1/triggers/jobs",
    body: '{"job_type":"eval.suite"}',
  },
  schedule("a schedule without a name", '{"name":"","cron":"0 3 * * *","job_type":"eval.suite"}'),
  schedule("a name that is a path", '{"name":"a/b","cron":"0 3 * * *","job_type":"eval.suite"}'),
  schedule("no times", '{"name":"a","cron":"","job_type":"eval.suite"}'),
  schedule("times that are none", '{"name":"a","cron":"0 0 3 1 1 *","job_type":"eval.suite"}'),
  schedule("no type of job", '{"name":"a","cron":"0 3 * * *","job_type":""}'),
  schedule("a name that is taken", '{"name":"nightly","cron":"0 3 * * *","job_type":"eval.suite"}'),
]

const kindText = (kind: FieldKind): string => {
  if (typeof kind === "string") return kind === "int" ? "integer" : kind === "bool" ? "true or false" : kind
  return "list" in kind ? `list of ${kindText(kind.list)}s` : "object"
}

/** Each field with its path, those within others below them. */
const fieldsOf = (shape: PayloadShape, at = ""): ReadonlyArray<readonly [path: string, kind: string]> =>
  Object.entries(shape).flatMap(([name, kind]) => {
    const path = `${at}${name}`
    const row = [path, kindText(kind)] as const
    if (typeof kind === "string") return [row]
    const inner = "list" in kind ? kind.list : kind
    if (typeof inner === "string" || !("object" in inner)) return [row]
    return [row, ...fieldsOf(inner.object, `${path}${"list" in kind ? "[]" : ""}.`)]
  })

const code = (text: string): string => `\`${text}\``

/** A table whose columns stand below each other; the first row is its head. */
const table = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`
  return rows.flatMap((row, i) => (i === 0 ? [line(row), line(widths.map((width) => "-".repeat(width)))] : [line(row)]))
}

const payloadSection = (name: string, shape: PayloadShape): ReadonlyArray<string> => {
  const byKind = Map.groupBy(fieldsOf(shape), ([, kind]) => kind)
  return [
    "",
    `### ${name}`,
    "",
    ...[...byKind].map(([kind, rows]) => `- ${kind}: ${rows.map(([path]) => code(path)).join(", ")}`),
  ]
}

const refusalRow = ({ as = "token", body, headers = {}, method, path, when }: Refused, answer: string): string => {
  const heads = {
    ...(as === "token" && method !== "GET" ? { Authorization: "Bearer s3cret" } : {}),
    ...headers,
  }
  const sent = body === undefined ? {} : { body: body.replace(/k{257}/u, "k…") }
  return `${curlOf({ method, path, headers: heads, ...sent }, "s3cret")}\n# ${when}: ${answer.trimEnd()}`
}

/** The page, with what each refusal was answered. */
export const requestsPage = (answers: ReadonlyArray<string>): string => {
  const types = new JobTypes()
  const all = [...contract_job_types, ...renamed_job_types]
  return [
    "# What is asked for, to the letter",
    "",
    "The job types of JobSpec v0, the payload fields whose type is looked at, and the texts with which requests are refused: what the laws",
    "of the [conformance program](../conformance.md) compare. The page is made from our own server, by",
    "",
    "```sh",
    "npx vitest run --config vitest.workspace.ts --project conformance requests-page -u",
    "```",
    "",
    "## Job types",
    "",
    ...table([
      ["type", "stands in the lists of", "changes the projections", "consumers may trigger it"],
      ...all.map(({ isTriggerable, name, family = "" }) => [
        code(name),
        family,
        types.targets(name).map(code).join(", "),
        isTriggerable === true ? "yes" : "",
      ]),
    ]),
    "",
    "## Payload fields",
    "",
    "A field that is there, is not `null` and has another type is refused; whatever is not listed is kept as it was sent. Names match",
    "whatever their case. A type that is not listed takes any object, and so does every type an empty one.",
    ...all.flatMap(({ name, payload }) =>
      payload === undefined || typeof payload === "function" ? [] : payloadSection(name, payload),
    ),
    "",
    "## Refusals",
    "",
    "In this order, on a server that has the job `taken` and the schedule `nightly`. The error in the body is compared to the letter, but",
    "for what our implementation adds after `invalid json:`, `payload:` and `invalid cron …:`.",
    "",
    "```sh",
    refusals.map((each, i) => refusalRow(each, answers[i] ?? "")).join("\n"),
    "```",
    "",
  ].join("\n")
}
