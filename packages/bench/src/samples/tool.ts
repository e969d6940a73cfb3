/**
 * A tool of a usual size: thirty commands with flags, exit codes and schemas, one of them async.
 *
 * @module
 */
import { application, command, main } from "@waybill/command"
import { job_descriptor_schema } from "@waybill/command-contract"

const SUCCESS = { description: "Done", retryable: false, side_effects: "none" } as const
const NOT_FOUND = { description: "Not there", retryable: false, side_effects: "none" } as const

const names = ["list", "show", "add", "change", "check", "copy", "move", "pack", "sign", "send"]
const commands = ["box", "crate", "pallet"].flatMap((thing) =>
  names.map((name) =>
    command({
      name: `${thing} ${name}`,
      description: `Does ${name} with a ${thing}.`,
      danger_level: "safe",
      parameters: {
        id: {
          type: "string",
          required: true,
          positional: 0,
          pattern_type: "alphanumeric_id",
          description: "Which one",
        },
        depth: { type: "integer", default: 1, description: "How deep" },
        colour: { type: "enum", enum_values: ["red", "green"], description: "Which colour" },
      },
      exit_codes: { SUCCESS, NOT_FOUND },
      output_schema: { type: "object", required: ["id"], properties: { id: { type: "string" } } },
      isolation: "inline",
      execute: async ({ id }) => ({ id }),
    }),
  ),
)
const ship = command({
  name: "ship",
  description: "Ships everything.",
  danger_level: "mutating",
  async: true,
  job_descriptor_schema,
  exit_codes: { SUCCESS: { ...SUCCESS, side_effects: "partial" } },
  execute: async () => ({ job_id: "s1" }),
})

await main(application({ name: "sample", version: "1.0.0", commands: [...commands, ship] }))
