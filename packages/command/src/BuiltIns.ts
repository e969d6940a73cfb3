/**
 * The commands that every program has, and the two that come with the first async command. They are declared like any
 * other, so that discovery, help and parsing know them.
 *
 * @module
 */
import {
  type ExitCodeMap,
  effectiveExitCodes,
  job_cancel_exit_codes,
  job_descriptor_schema,
  job_id_pattern,
  job_status_exit_codes,
} from "@waybill/command-contract"
import type { Application } from "./Application.ts"
import { type Shell, shells } from "./Shells.ts"
import { manifestOf } from "./ManifestOf.ts"
import type { Declared, Registered } from "./Registered.ts"

export interface BuiltIn {
  readonly declaration: Declared
  readonly exit_codes: ExitCodeMap
}

const done = (description: string) => ({ description, retryable: false, side_effects: "none" }) as const

const builtIn = (declaration: Declared): BuiltIn => ({ declaration, exit_codes: effectiveExitCodes(declaration) })

/** What the ids of a program's jobs may be, its answers about them may have as well. */
const descriptorSchemaOf = ({ jobs }: Application) => {
  const { properties } = job_descriptor_schema
  const job_id = { ...properties.job_id, ...(jobs?.id_pattern === undefined ? {} : { pattern: jobs.id_pattern }) }
  return { ...job_descriptor_schema, properties: { ...properties, job_id } }
}

const jobCommand = (app: Application, commands: ReadonlyArray<Declared>, which: "status" | "cancel"): BuiltIn => {
  const asks = which === "status"
  const network =
    app.jobs?.has_network_io === true ||
    commands.some(({ has_network_io, job }) => has_network_io === true && job !== undefined)
  const hasHooks = app.jobs !== undefined || commands.some(({ job }) => job !== undefined)
  const unavailable = {
    description: "Whoever knows the job cannot be reached",
    retryable: true,
    side_effects: "none",
  } as const
  const declaration: Declared = {
    name: `job ${which}`,
    description: asks ? "Tells where a job stands." : "Ends a job.",
    danger_level: asks ? "safe" : "mutating",
    has_network_io: network,
    ...(app.jobs?.network_agents === false ? { network_agents: false as const } : {}),
    parameters: {
      id: {
        type: "string",
        required: true,
        positional: 0,
        pattern: app.jobs?.id_pattern ?? job_id_pattern,
        description: "Id of the job",
      },
      ...app.jobs?.parameters,
    },
    exit_codes: {
      SUCCESS: done("The job is there"),
      TIMEOUT: asks
        ? { ...done("No answer in time"), retryable: true }
        : { ...done("No answer in time; the job may have been told to end"), side_effects: "partial" },
      UNAVAILABLE: unavailable,
      ...app.jobs?.exit_codes,
    },
    error_registry: app.jobs?.error_registry ?? {},
    output_schema: descriptorSchemaOf(app),
    // Reading two small files needs no process of its own; an author's hook may do anything.
    isolation: hasHooks ? (app.isolation ?? "process") : "inline",
    execute: async (args, ctx) => {
      const { answerCancel, answerStatus, jobDesk } = await import("./Jobs.ts")
      const desk = jobDesk(app, ctx.env, commands, Date.now)
      const id = String(args["id"])
      return asks
        ? answerStatus(app, id, await desk.status(id, ctx, args))
        : answerCancel(app, id, await desk.cancel(id, ctx, args))
    },
  }
  const own: ExitCodeMap = asks ? job_status_exit_codes : job_cancel_exit_codes
  const all = Object.entries({ ...effectiveExitCodes(declaration), ...own })
  return { declaration, exit_codes: Object.fromEntries(all.toSorted(([a], [b]) => Number(a) - Number(b))) }
}

/** The built-in commands of a program. `catalogue` is asked when one of them runs. */
export const builtIns = (
  app: Application,
  commands: ReadonlyArray<Declared>,
  catalogue: () => ReadonlyMap<string, Registered>,
): ReadonlyArray<BuiltIn> => {
  const preflights = [...(app.preflight ?? []), ...commands.flatMap(({ preflight = [] }) => preflight)]
  const hasNetwork = commands.some(
    ({ has_network_io, preflight }) => has_network_io === true && preflight !== undefined,
  )
  const common = [
    builtIn({
      name: "manifest",
      description: "Lists every command with its flags, exit codes and schemas.",
      danger_level: "safe",
      parameters: { etag: { type: "string", description: "The etag you have; nothing is sent when it is current" } },
      exit_codes: { SUCCESS: done("The manifest, or nothing when it is not modified") },
      output_schema: { type: "object", required: ["schema_version", "framework_version", "etag", "commands"] },
      isolation: "inline",
      execute: async () => manifestOf(catalogue()),
    }),
    builtIn({
      name: "doctor",
      description: "Checks what the commands need.",
      danger_level: "safe",
      has_network_io: hasNetwork,
      parameters: { ...app.preflight_flags },
      exit_codes: {
        SUCCESS: done("Every check passed"),
        GENERAL_ERROR: done("At least one check failed"),
        TIMEOUT: { description: "The checks took too long", retryable: true, side_effects: "none" },
      },
      output_schema: { type: "object", required: ["checks"], properties: { checks: { type: "array" } } },
      isolation: preflights.length === 0 ? "inline" : (app.isolation ?? "process"),
      execute: async (args, ctx) => {
        const { runDoctor } = await import("./Doctor.ts")
        return runDoctor(preflights, ctx, args)
      },
    }),
    builtIn({
      name: "completions",
      description: "Prints a completion script for a shell.",
      danger_level: "safe",
      parameters: {
        shell: { type: "enum", enum_values: [...shells], required: true, positional: 0, description: "The shell" },
      },
      exit_codes: { SUCCESS: done("The script is on stdout") },
      stream: { format: "raw", media_type: "text/x-shellscript" },
      isolation: "inline",
      examples: [{ description: "Complete in this bash", command: `source <(${app.name} completions bash)` }],
      execute: async (args, ctx) => {
        const { completionScript } = await import("./Completions.ts")
        await ctx.write(completionScript(app.name, args["shell"] as Shell, catalogue()))
      },
    }),
  ]
  const hasJobs = commands.some((each) => each.async === true)
  return hasJobs ? [...common, jobCommand(app, commands, "status"), jobCommand(app, commands, "cancel")] : common
}
