/**
 * The program: every command, declared here and carried out elsewhere, so that nothing heavy is loaded to parse a word.
 *
 * @module
 */
import { application } from "@waybill/command"
import { conformanceRun } from "./commands/conformance.ts"
import { events, jobs, list, submit, wait } from "./commands/jobs.ts"
import * as keeping from "./commands/keeping.ts"
import { preflight, preflight_flags } from "./commands/preflight.ts"
import { work } from "./commands/working.ts"
import { serve, token, tokenMake, tokenRotate } from "./commands/serving.ts"
import { deliver, explain, logs, settle } from "./commands/settlement.ts"
import { version } from "./Version.ts"

export const waybill = application({
  name: "waybill",
  version,
  description: "Accepts an agent's result only if it verifies, and keeps the record that lets anyone check it.",
  // A handler's own process group would take the agent along on Ctrl-C, and a run could not go on.
  isolation: "inline",
  preflight,
  preflight_flags,
  jobs,
  commands: [
    settle,
    deliver,
    explain,
    logs,
    submit,
    wait,
    list,
    events,
    serve,
    work,
    token,
    tokenMake,
    tokenRotate,
    keeping.ledgerShow,
    keeping.ledgerVerify,
    keeping.ledgerReplay,
    keeping.ledgerRepair,
    keeping.ledgerHead,
    keeping.ledgerExport,
    keeping.ledgerImport,
    keeping.du,
    keeping.gc,
    conformanceRun,
  ],
})
