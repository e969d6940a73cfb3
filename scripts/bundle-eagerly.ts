/**
 * Which functions of the bundled program V8 compiles when it loads a file, and so keeps in the cache of compiled code.
 *
 * It puts off compiling a function until the first call, and Node saves what is compiled before any call: without this, every
 * start compiles anew whatever it runs. A function in parentheses is compiled at once. Those that a call of the program runs are
 * written so, and no others, as reading what nobody calls takes time too.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { parseAst } from "rolldown/parseAst"

interface Coverage {
  readonly result: ReadonlyArray<{
    readonly url: string
    readonly functions: ReadonlyArray<{
      readonly ranges: ReadonlyArray<{
        readonly startOffset: number
        readonly endOffset: number
        readonly count: number
      }>
    }>
  }>
}

/** From where to where a function goes. */
type Span = `${number} ${number}`

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** Where the expressions are that may stand in parentheses: methods may not. */
const functionsOf = (code: string): ReadonlyArray<readonly [start: number, end: number]> => {
  const found: Array<readonly [number, number]> = []
  const visit = (node: unknown, isMethod: boolean): void => {
    if (Array.isArray(node)) return node.forEach((each) => visit(each, false))
    if (!isRecord(node)) return
    const { end, kind, method, start, type } = node
    const isFunction = type === "ArrowFunctionExpression" || type === "FunctionExpression"
    if (isFunction && !isMethod && typeof start === "number" && typeof end === "number") found.push([start, end])
    const holdsMethod = type === "MethodDefinition" || (type === "Property" && (method === true || kind !== "init"))
    for (const [name, child] of Object.entries(node)) visit(child, holdsMethod && name === "value")
  }
  visit(parseAst(code), false)
  return found
}

/** The same code with these functions in parentheses. A name that a function is given by where it stands stays its name. */
export const parenthesised = (code: string, called: ReadonlySet<Span>): string => {
  const marks = new Map<number, { closing: number; opening: number }>()
  const mark = (at: number) => {
    const known = marks.get(at) ?? { closing: 0, opening: 0 }
    marks.set(at, known)
    return known
  }
  for (const [start, end] of functionsOf(code)) {
    if (!called.has(`${start} ${end}`)) continue
    mark(start).opening++
    mark(end).closing++
  }
  let written = ""
  let from = 0
  for (const [at, { closing, opening }] of [...marks].toSorted(([a], [b]) => a - b)) {
    written += code.slice(from, at) + ")".repeat(closing) + "(".repeat(opening)
    from = at
  }
  return written + code.slice(from)
}

const call = (program: string, words: ReadonlyArray<string>, env: Readonly<Record<string, string>>) => {
  const { signal, status, stderr, stdout } = spawnSync(process.execPath, [program, ...words], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", NODE_DISABLE_COMPILE_CACHE: "1", ...env },
  })
  if (signal !== null || status === null || !stdout.startsWith('{"ok":'))
    throw new Error(`waybill ${words.join(" ")} ends with ${signal ?? status}: ${stderr}${stdout}`)
  return stdout
}

/** The functions that a call runs, by file. */
const calledBy = (program: string, words: ReadonlyArray<string>, scratch: string) => {
  const folder = mkdtempSync(join(scratch, "coverage-"))
  call(program, words, { NODE_V8_COVERAGE: folder })
  const called = new Map<string, Set<Span>>()
  const own = pathToFileURL(join(program, "..")).href
  for (const name of readdirSync(folder)) {
    const { result }: Coverage = JSON.parse(readFileSync(join(folder, name), "utf8"))
    for (const { functions, url } of result) {
      if (!url.startsWith(`${own}/`)) continue
      const spans = functions.flatMap(({ ranges: [whole] }) =>
        whole === undefined || whole.count === 0 ? [] : [`${whole.startOffset} ${whole.endOffset}` as const],
      )
      called.set(fileURLToPath(url), new Set(spans))
    }
  }
  return called
}

/** More records than a ledger keeps without saving its index. */
const records = 5_000

/** The lines of a ledger as another daemon may have left it: one job that is done, and others. */
const lines = (): string => {
  const held = { claim_token: "0".repeat(32), lease_epoch: 1 }
  const done: ReadonlyArray<readonly [job: string, type: string, payload: object]> = [
    ["done", "job.accepted", { job_type: "report.build", job_payload: {}, max_attempts: 3, projection_targets: [] }],
    ["done", "job.claimed", { ...held, attempt: 1, lease_expires_at: "2026-01-01T00:05:00Z", worker: "worker" }],
    ["done", "job.completed", { ...held, artifacts: { report: "report.txt" }, worker: "worker" }],
  ]
  const others = Array.from(
    { length: records },
    (_, i) => [`job-${i}`, "job.accepted", { job_type: "report.build", job_payload: {}, max_attempts: 3 }] as const,
  )
  return [...done, ...others]
    .map(([job_id, event_type, payload], i) =>
      JSON.stringify({
        schema_version: 1,
        event_id: `evt_${event_type}_${job_id}_${String(i + 1).padStart(6, "0")}`,
        request_id: `req-${i}`,
        job_id,
        event_type,
        occurred_at: "2026-01-01T00:00:00.000Z",
        actor: "daemon",
        payload,
      }),
    )
    .join("\n")
}

/** Has what `waybill job status` runs compiled with its file. */
export const compileEagerly = (program: string): void => {
  const scratch = mkdtempSync(join(tmpdir(), "waybill-eagerly-"))
  try {
    const root = join(scratch, "root")
    mkdirSync(join(root, ".agents/daemon"), { recursive: true })
    writeFileSync(join(root, ".agents/daemon/ledger.jsonl"), `${lines()}\n`)
    // Who appends seals what is there and saves the index.
    for (const id of ["one", "two"])
      call(program, ["submit", "--type", "report.build", "--job-id", id, "--root", root], {})
    for (const [file, spans] of calledBy(realpathSync(program), ["job", "status", "done", "--root", root], scratch))
      writeFileSync(file, parenthesised(readFileSync(file, "utf8"), spans))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
