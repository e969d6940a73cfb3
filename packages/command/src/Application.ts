/**
 * What an author writes: commands with their handlers, and the program that holds them.
 *
 * @module
 */
import type {
  ArgsOf,
  CommandDeclaration,
  ErrorDefaults,
  ExitCodePromise,
  Flag,
  JobDescriptor,
  Parameters,
} from "@waybill/command-contract"
import type { Effect } from "effect"
import type { Context } from "./Context.ts"
import type { JobStore } from "./JobStore.ts"

/** One problem that a `validate` hook found. `field` is a parameter's name. */
export interface Problem {
  readonly field: string
  readonly message: string
  readonly code?: string
}

/** Looks at the world before a run: `doctor` runs all of them. Throwing says what is wrong. */
export interface Preflight {
  readonly name: string
  /** The version or state that is needed, for people. */
  readonly required?: string
  /** What to type when it fails: a command that runs as it stands. */
  readonly fix?: string
  /** What to do where no one command does it. */
  readonly advice?: string
  /** `args` are what was given for the application's `preflight_flags`. */
  readonly check: (
    ctx: Context,
    args: Readonly<Record<string, unknown>>,
  ) => Promise<{ readonly version?: string } | void>
}

/** How a person's terminal wants its text. */
export interface Style {
  readonly columns: number
  readonly colour: boolean
}

/** Where a handler runs: in a child process that can always be ended, or in this one (for tests and pure commands). */
export type Isolation = "process" | "inline"

type Answer<T> = Promise<T> | Effect.Effect<T, unknown>

/** Hooks that ask about and end the jobs of one command, in place of the job store. */
export interface JobHooks {
  readonly status?: (id: string, ctx: Context, args: Readonly<Record<string, unknown>>) => Promise<JobState | undefined>
  readonly cancel?: (
    id: string,
    ctx: Context,
    args: Readonly<Record<string, unknown>>,
  ) => Promise<CancelOutcome | undefined>
}

/** Where a job stands. What is left out of the descriptor is filled in. */
export interface JobState {
  readonly descriptor: Partial<JobDescriptor> & Pick<JobDescriptor, "status">
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string }
  /** Of a job that is running by its descriptor, and that nobody works on: what that means, and what to do. */
  readonly idle?: { readonly message: string; readonly suggestion: string }
}

/** What became of a request to cancel; `descriptor.status` is `running` while the job winds down. */
export interface CancelOutcome {
  readonly descriptor: Partial<JobDescriptor> & Pick<JobDescriptor, "status">
  /** False when the job had been cancelled before. */
  readonly changed?: boolean
}

/** Handlers of a command whose args are `Args` and whose data is `T`. */
export interface Handlers<Args, T> {
  /** Does the work: answers the data, or throws; never prints and never exits. */
  readonly execute: (args: Args, ctx: Context) => Answer<T>
  /** Finds every problem in the arguments; no side effects, no network, under 100 ms. */
  readonly validate?: (
    args: Args,
    around: Pick<Context, "env">,
  ) => ReadonlyArray<Problem> | Promise<ReadonlyArray<Problem>>
  /** Puts things back; runs once, however the run ends, and may run after nothing was done. */
  readonly cleanup?: (args: Args) => unknown
  /** `"supported"` when `execute` reads `ctx.dryRun`, or the function to run in its place. */
  readonly dry_run?: "supported" | ((args: Args, ctx: Context) => Answer<unknown>)
  readonly job?: JobHooks
  /** The text for a person's terminal; without it data is shown as a table. */
  readonly render?: (data: T, style: Style) => string
  readonly preflight?: ReadonlyArray<Preflight>
  readonly isolation?: Isolation
  /** `false` when the handler connects with `ctx.fetch` alone, which is then loaded by its first call. */
  readonly network_agents?: false
}

/** A command that was made by {@link command}. */
export interface Command {
  readonly name: string
  /** The declaration as it was given; the checks look at this. */
  readonly declaration: Readonly<Record<string, unknown>>
}

/**
 * Declares a command. Its parameters, exit codes and output schema are written here and nowhere else: parsing, help,
 * `--schema`, the manifest and the types of `args` are derived.
 *
 * @example
 * const greet = command({
 *   name: "greet",
 *   description: "Greets somebody.",
 *   danger_level: "safe",
 *   parameters: { who: { type: "string", required: true, positional: 0, description: "Whom to greet" } },
 *   exit_codes: { SUCCESS: { description: "Greeted", retryable: false, side_effects: "none" } },
 *   output_schema: { type: "object", required: ["text"], properties: { text: { type: "string" } } },
 *   execute: async ({ who }) => ({ text: `Hello, ${who}!` }),
 * })
 */
export const command = <
  const P extends Parameters,
  const E,
  T,
  const Network extends boolean = false,
  const Steps extends ReadonlyArray<string> = [],
  const Async extends boolean = false,
>(
  declaration: CommandDeclaration<P, E, Network, Steps, Async> & Handlers<ArgsOf<P, Network>, T>,
): Command => Object.freeze({ name: declaration.name, declaration: { ...declaration } })

/** Marks a function that answers an Effect, so that nobody takes it for a forgotten `async`. */
export const returnsEffect = <F extends (...args: never) => Effect.Effect<unknown, unknown>>(execute: F): F =>
  Object.assign(execute, { returnsEffect: true })

/** How jobs of this program are asked about, when they do not live in a store of files. */
export interface Jobs extends JobHooks {
  /** Further flags of `job status` and `job cancel`, such as where to look. */
  readonly parameters?: Parameters
  /** What an id may look like; `^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$` when left out. */
  readonly id_pattern?: string
  readonly has_network_io?: boolean
  /**
   * What else the hooks end with: name → promise, as in a command. The codes that `job status` and `job cancel` have
   * anyway (0 to 6, 10, 12, 130, 143) are refused: each has one meaning.
   */
  readonly exit_codes?: Readonly<Record<string, ExitCodePromise>>
  /** Error code → what it ends with, as in a command; by the names that the two commands have, and those of `exit_codes`. */
  readonly error_registry?: Readonly<Record<string, ErrorDefaults>>
  /** `false` when the hooks connect with `ctx.fetch` alone. */
  readonly network_agents?: false
}

export interface ApplicationOptions {
  readonly name: string
  readonly version: string
  /** One sentence, for help. */
  readonly description?: string
  /** How the program is called, when that is not its name: `npx tool`. */
  readonly invocation?: string
  readonly default_timeout_ms?: number
  readonly default_connect_timeout_ms?: number
  readonly isolation?: Isolation
  readonly job_store?: JobStore
  readonly jobs?: Jobs
  readonly preflight?: ReadonlyArray<Preflight>
  /** Flags of `doctor`, for what its checks are about. */
  readonly preflight_flags?: Readonly<Record<string, Flag>>
  readonly commands: ReadonlyArray<Command>
}

/** A program. Nothing is checked yet, so that `--version` answers at once. */
export interface Application extends ApplicationOptions {
  readonly _tag: "Application"
}

export const application = (options: ApplicationOptions): Application => ({ ...options, _tag: "Application" })
