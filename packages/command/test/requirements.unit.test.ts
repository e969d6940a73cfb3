import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"

/**
 * The requirements of the public CLI Agent Spec (1.6) that this framework keeps, in few words. First the two pages that it is built
 * on, then what those refer to, then what makes it good. What is left out on purpose is a store for idempotency, background processes,
 * cutting single fields, and heartbeats.
 */
const requirements: Readonly<Record<string, string>> = {
  "C-022": "async commands carry a descriptor's schema and answer with a descriptor",
  "C-012": "network commands have their two limits, and no call is unbounded",
  "F-049": "handlers are async, and nothing that was started is lost",
  "C-015": "parameters and output are declared once; --schema is derived",
  "C-001": "every command declares its exit codes; bad maps are refused",
  "F-004": "one envelope, always the same five keys",
  "F-011": "every command runs under a limit that really ends it",
  "F-012": "a limit that ran out is JSON on stdout and exit 10",
  "C-008": "commands with steps report where they stopped",

  "F-001": "the table of exit codes",
  "F-002": "exit 2 means refused in validation, and nothing happened",
  "F-006": "stdout holds the answer, stderr everything else",
  "F-015": "validation comes before execution",
  "F-039": "duration_ms on every answer",
  "C-002": "a danger level on every command",
  "C-013": "an error has a stable code and a sentence",
  "C-014": "retryable, and how to repeat",
  "C-017": "cleanup, whatever the end",
  "F-013": "SIGTERM is answered, exit 143",
  "F-069": "SIGINT is answered, exit 130; the second ends at once",
  "O-013": "--schema and --output-schema",
  "O-041": "a manifest, and an etag for it",

  "F-003": "JSON when stdout is no terminal",
  "F-007": "no escape sequence in an answer",
  "F-009": "nobody is asked for words",
  "F-014": "a reader that left is no failure",
  "F-021": "what differs from call to call is in meta",
  "F-022": "the version of the envelope and of the command's contract",
  "F-023": "the version of the tool",
  "F-024": "the trace id of the environment",
  "F-025": "a request id",
  "F-052": "a limit on the size of an answer",
  "F-053": "every byte is out before the end",
  "F-060": "what others write to stdout is caught",
  "F-068": "help and version before anything else",
  "C-003": "effect says what a change was",
  "C-004": "what destroys can be tried dry",
  "C-006": "all mistakes in the words at once",
  "C-009": "a batch has a summary",
  "C-020": "ids have patterns",
  "C-026": "rules between flags",
  "C-030": "fixes that can be typed, and are safe",
  "F-018": "lists have a limit",
  "F-019": "and a cursor",
  "O-003": "and tell how much there is",
  "F-036": "the proxies of the environment",
  "F-037": "a failure of the network says which proxy was used",
  "O-001": "--output",
  "O-008": "--quiet, --verbose, --debug",
  "O-009": "--validate-only",
  "O-026": "doctor",
}

const packages = join(import.meta.dirname, "../..")
const folders = ["command/test", "carriers/command-contract/test"].map((folder) => join(packages, folder))

it("every requirement that is kept has a test that names it, and no test names another", () => {
  const map = new Map<string, Array<string>>(Object.keys(requirements).map((id) => [id, []]))
  const unknown: Array<string> = []
  for (const folder of folders)
    for (const name of readdirSync(folder)) {
      if (!name.endsWith(".test.ts")) continue
      const text = readFileSync(join(folder, name), "utf8")
      for (const [, title = "", marks = ""] of text.matchAll(/["`]([^"`\n]*) \[((?:[CFO]-\d{3} ?)+)\]["`],/gu))
        for (const id of marks.split(" ")) (map.get(id) ?? unknown).push(`${name}: ${title}`)
    }
  console.log(
    [...map]
      .map(([id, titles]) => `${id} ${requirements[id]}\n${titles.map((title) => `  ${title}\n`).join("")}`)
      .join(""),
  )
  const without = [...map].flatMap(([id, titles]) => (titles.length === 0 ? [id] : []))
  console.log(`requirements without a test: ${JSON.stringify(without)}`)
  expect([without, unknown]).toEqual([[], []])
})
