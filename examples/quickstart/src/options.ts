/** What the quickstart is asked to do. */
import { fact_types } from "@waybill/workspace-job"
import { parseArgs } from "node:util"

export interface Options {
  readonly json: boolean
  readonly help: boolean
  /** The kind of fact after which the process kills itself, such as `verified`. */
  readonly crashAfter: string | undefined
  readonly folder: string | undefined
}

const kinds = fact_types.map(({ event_type }) => event_type.replace("workspace_job.", ""))

export const help = `Settles a bill of materials of this repository: a sloppy first attempt is rejected
by its verifier, repaired, verified and delivered. Everything it makes lies in
one folder; remove it to start anew.

Usage: npm run quickstart -- [options]

  --json              print one JSON object instead of the story
  --crash-after=FACT  kill this process (SIGKILL) right after the first FACT it
                      records; run again to see the job resume. FACT is one of
                      ${kinds.join("\n                      ")}
  --folder=DIR        where to keep everything; .waybill/quickstart by default
  -h, --help          this text

It exits with 0 when the job is verified and delivered, with 1 when it is not,
with 2 when it was asked for something it does not do.
`

/**
 * Reads the command line.
 *
 * @throws Error with a message of one line, for an option or a value that does not exist
 */
export const readOptions = (args: ReadonlyArray<string>): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      "crash-after": { type: "string" },
      folder: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  })
  const crashAfter = values["crash-after"]?.replace(/^workspace_job\./u, "")
  if (crashAfter !== undefined && !kinds.includes(crashAfter))
    throw new Error(`--crash-after: there is no fact ${JSON.stringify(crashAfter)}; --help lists them`)
  if (values.folder?.trim() === "") throw new Error("--folder: name a folder, such as --folder=/tmp/waybill")
  return { json: values.json, help: values.help, crashAfter, folder: values.folder }
}
