/**
 * The program: every command, declared here and carried out elsewhere, so that nothing heavy is loaded to parse a word.
 *
 * @module
 */
import { application } from "@waybill/command"
import { deliver, explain, logs, settle } from "./commands/settlement.ts"
import { preflight } from "./commands/preflight.ts"
import { version } from "./Version.ts"

export const waybill = application({
  name: "waybill",
  version,
  description: "Accepts an agent's result only if it verifies, and keeps the record that lets anyone check it.",
  // A handler's own process group would take the agent along on Ctrl-C, and a run could not go on.
  isolation: "inline",
  preflight,
  commands: [settle, deliver, explain, logs],
})
