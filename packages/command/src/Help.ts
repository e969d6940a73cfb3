/**
 * Help that is worth reading: what a command does, how to call it, what it can end with.
 *
 * @module
 */
import { everywhere_flags, type FlagEntry, formatDuration, parseDuration } from "@waybill/command-contract"
import type { Application, Style } from "./Application.ts"
import { paints } from "./Human.ts"
import type { Registered } from "./Registered.ts"
import { columns, hanging, wrap } from "./Wrap.ts"

const valueName = (name: string, entry: FlagEntry): string =>
  entry.value_name ?? (entry.type === "enum" ? (entry.enum_values ?? []).join("|") : name.toUpperCase())

const word = (name: string, entry: FlagEntry): string => {
  const shown = entry.type === "array" ? `${valueName(name, entry)}…` : valueName(name, entry)
  return entry.required ? shown : `[${shown}]`
}

const positionals = (flags: Registered["published"]["flags"]) =>
  Object.entries(flags)
    .filter(([, { positional }]) => positional !== undefined)
    .toSorted(([, a], [, b]) => (a.positional ?? 0) - (b.positional ?? 0))

/**
 * One line that says how a command is called. Words for a list of the rest stand behind `--`, where a word that begins
 * with a dash is no flag.
 */
export const usageOf = (invocation: string, { published }: Registered): string => {
  const required = Object.entries(published.flags)
    .filter(([, entry]) => entry.required && entry.positional === undefined)
    .map(([name, entry]) => `--${name} ${valueName(name, entry)}`)
  const free = positionals(published.flags)
  const single = free.filter(([, { type }]) => type !== "array").map(([name, entry]) => word(name, entry))
  const rest = free
    .filter(([, { type }]) => type === "array")
    .map(([name, entry]) => (entry.required ? `-- ${valueName(name, entry)}…` : `[-- ${valueName(name, entry)}…]`))
  return [invocation, published.path.replaceAll(".", " "), ...required, ...single, "[flags]", ...rest].join(" ")
}

const day_ms = 86_400_000

/** A limit as a person reads it: from two days on, in days. */
const limitText = (ms: number | undefined): string =>
  ms === undefined || ms < 2 * day_ms ? formatDuration(ms) : `${Math.floor(ms / day_ms)} days`

const defaultText = (entry: FlagEntry): string => {
  const reading = entry.value_name === "DURATION" && parseDuration(String(entry.default))
  if (reading === false || !reading.ok) return JSON.stringify(entry.default)
  return reading.ms === undefined ? "no limit" : limitText(reading.ms)
}

const flagRow = ([name, entry]: readonly [string, FlagEntry]): readonly [string, string] => {
  const short = entry.short === undefined ? "    " : `-${entry.short}, `
  const value = entry.type === "boolean" ? "" : ` ${valueName(name, entry)}`
  const notes = [
    ...(entry.required ? ["required"] : []),
    ...(entry.default === undefined ? [] : [`default ${defaultText(entry)}`]),
    ...(entry.type === "array" ? ["may be given several times"] : []),
  ]
  return [`${short}--${name}${value}`, `${entry.description}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}`]
}

const section = (title: string, lines: ReadonlyArray<string>, style: Style): ReadonlyArray<string> =>
  lines.length === 0 ? [] : ["", paints(style).bold(title), ...lines]

/** Help for one command. */
export const commandHelp = (app: Application, command: Registered, style: Style): string => {
  const { published } = command
  const invocation = app.invocation ?? app.name
  const words = positionals(published.flags)
  const own = Object.entries(published.flags).filter(
    ([name, { positional }]) => positional === undefined && !everywhere_flags.has(name),
  )
  const limit =
    command.timeout_ms === undefined
      ? "Runs until it ends by itself or is told to stop."
      : `Is ended after ${limitText(command.timeout_ms)}${published.has_network_io === true ? "; --timeout changes it" : ""}.`
  return [
    ...wrap(published.description, style.columns),
    ...section("Usage", hanging(usageOf(invocation, command), style.columns, 2, 6), style),
    ...section(
      "Arguments",
      columns(
        words.map(([name, entry]) => [valueName(name, entry), entry.description]),
        style.columns,
      ),
      style,
    ),
    ...section("Flags", columns(own.map(flagRow), style.columns), style),
    ...section(
      "Steps",
      (published.steps ?? []).map((step, index) => `  ${index + 1}. ${step}`),
      style,
    ),
    ...section(
      "Exit codes",
      columns(
        Object.entries(published.exit_codes).map(([code, entry]) => [
          `${code} ${entry.name}`,
          `${entry.description}${entry.retryable ? " (worth trying again)" : ""}`,
        ]),
        style.columns,
      ),
      style,
    ),
    ...section(
      "Examples",
      (published.examples ?? []).flatMap(({ command: line, description }) => [`  # ${description}`, `  ${line}`]),
      style,
    ),
    ...section(
      "Commands below",
      published.subcommands.map((path) => `  ${path.replaceAll(".", " ")}`),
      style,
    ),
    "",
    ...wrap(`${limit} ${dangerText[published.danger_level]}`, style.columns),
    ...wrap(
      "Everywhere: --output json|jsonl|tsv|plain, --quiet, --verbose, --debug, --validate-only, --schema, --help",
      style.columns,
    ).map(paints(style).dim),
    "",
  ].join("\n")
}

const dangerText = {
  safe: "Changes nothing.",
  mutating: "Changes things.",
  destructive: "Destroys things; try --dry-run first.",
} as const

/** Help for the program or for a group of commands; a group is the words that its commands begin with. */
export const groupHelp = (
  app: Application,
  commands: ReadonlyMap<string, Registered>,
  group: string,
  style: Style,
): string => {
  const invocation = app.invocation ?? app.name
  const shown = [...commands.values()].filter(({ published }) => group === "" || published.path.startsWith(`${group}.`))
  const rows = (by: Registered["by"]) =>
    shown
      .filter((each) => each.by === by)
      .map(({ published }) => [published.path.replaceAll(".", " "), published.description] as const)
  const title =
    group === "" ? (app.description ?? `${app.name} ${app.version}`) : `Commands of ${group.replaceAll(".", " ")}.`
  return [
    ...wrap(title, style.columns),
    ...section(
      "Usage",
      [`  ${invocation} ${group === "" ? "" : `${group.replaceAll(".", " ")} `}COMMAND [flags]`],
      style,
    ),
    ...section("Commands", columns(rows("author"), style.columns), style),
    ...section("Also", columns(rows("framework"), style.columns), style),
    "",
    ...wrap(
      `${invocation} COMMAND --help says more; ${invocation} manifest says everything, for programs.`,
      style.columns,
    ).map(paints(style).dim),
    "",
  ].join("\n")
}
