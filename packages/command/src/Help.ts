/**
 * Help that is worth reading: what a command does, how to call it, what it can end with.
 *
 * @module
 */
import { everywhere_flags, type FlagEntry, formatDuration } from "@waybill/command-contract"
import type { Application, Style } from "./Application.ts"
import { paints } from "./Human.ts"
import type { Registered } from "./Registered.ts"

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

/** One line that says how a command is called. */
export const usageOf = (invocation: string, { published }: Registered): string => {
  const required = Object.entries(published.flags)
    .filter(([, entry]) => entry.required && entry.positional === undefined)
    .map(([name, entry]) => `--${name} ${valueName(name, entry)}`)
  const words = positionals(published.flags).map(([name, entry]) => word(name, entry))
  return [invocation, published.path.replaceAll(".", " "), ...required, ...words, "[flags]"].join(" ")
}

const columns = (rows: ReadonlyArray<readonly [string, string]>): ReadonlyArray<string> => {
  const width = Math.max(0, ...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}

const flagRow = ([name, entry]: readonly [string, FlagEntry]): readonly [string, string] => {
  const short = entry.short === undefined ? "    " : `-${entry.short}, `
  const value = entry.type === "boolean" ? "" : ` ${valueName(name, entry)}`
  const notes = [
    ...(entry.required ? ["required"] : []),
    ...(entry.default === undefined ? [] : [`default ${JSON.stringify(entry.default)}`]),
    ...(entry.type === "array" ? ["may be repeated"] : []),
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
      : `Is ended after ${formatDuration(command.timeout_ms)}${published.has_network_io === true ? "; --timeout changes it" : ""}.`
  return [
    published.description,
    ...section("Usage", [`  ${usageOf(invocation, command)}`], style),
    ...section("Arguments", columns(words.map(([name, entry]) => [valueName(name, entry), entry.description])), style),
    ...section("Flags", columns(own.map(flagRow)), style),
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
          `${entry.description}${entry.retryable ? " (may be repeated)" : ""}`,
        ]),
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
    `${limit} ${dangerText[published.danger_level]}`,
    paints(style).dim(
      `Everywhere: --output json|jsonl|tsv|plain, --quiet, --verbose, --debug, --validate-only, --schema, --help`,
    ),
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
    title,
    ...section(
      "Usage",
      [`  ${invocation} ${group === "" ? "" : `${group.replaceAll(".", " ")} `}COMMAND [flags]`],
      style,
    ),
    ...section("Commands", columns(rows("author")), style),
    ...section("Also", columns(rows("framework")), style),
    "",
    paints(style).dim(`${invocation} COMMAND --help says more; ${invocation} manifest says everything, for programs.`),
    "",
  ].join("\n")
}
