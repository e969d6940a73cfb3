/**
 * Completion scripts, made from the catalogue: they complete without starting the program.
 *
 * @module
 */
import type { FlagEntry } from "@waybill/command-contract"
import type { Registered } from "./Registered.ts"
import type { Shell } from "./Shells.ts"

/** What may follow a sequence of command words. */
interface Node {
  /** The command words so far, joined by spaces; empty for the program. */
  readonly words: string
  readonly next: ReadonlyArray<{ readonly word: string; readonly description: string }>
  readonly flags: ReadonlyArray<readonly [string, FlagEntry]>
}

const nodesOf = (commands: ReadonlyMap<string, Registered>): ReadonlyArray<Node> => {
  const prefixes = new Set([""])
  for (const path of commands.keys()) {
    const words = path.split(".")
    for (let length = 1; length <= words.length; length++) prefixes.add(words.slice(0, length).join("."))
  }
  return [...prefixes].toSorted().map((prefix) => {
    const depth = prefix === "" ? 0 : prefix.split(".").length
    const below = [...prefixes].filter((each) => each.startsWith(prefix === "" ? "" : `${prefix}.`))
    const next = below
      .filter((each) => each !== "" && each.split(".").length === depth + 1)
      .map((each) => ({
        word: each.split(".").at(-1) ?? "",
        description: commands.get(each)?.published.description ?? `${each.replaceAll(".", " ")} …`,
      }))
    const own = commands.get(prefix)?.published.flags ?? {}
    return { words: prefix.replaceAll(".", " "), next, flags: Object.entries(own) }
  })
}

/** A word between single quotes, in any POSIX shell. */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const identifier = (name: string): string => `_${name.replaceAll(/[^A-Za-z0-9]/g, "_")}`

const flagWords = (flags: Node["flags"]): ReadonlyArray<string> => flags.map(([name]) => `--${name}`)

/** Words of an enum that stand by their place, with the words before them that take the next one for themselves. */
const placesOf = ({ flags, words }: Node) =>
  flags.flatMap(([, { enum_values, positional }]) =>
    enum_values === undefined || positional === undefined
      ? []
      : [{ at: `${words} ${positional}`, place: positional, values: enum_values.join(" ") }],
  )

const valuedOf = ({ flags, words }: Node): ReadonlyArray<string> =>
  flags
    .filter(([, { type }]) => type !== "boolean")
    .flatMap(([flag, { short }]) => [`--${flag}`, ...(short === undefined ? [] : [`-${short}`])])
    .map((flag) => `${words} ${flag}`)

/** The part that bash and zsh share: which command the words before the cursor name, and what may follow. */
const posix = (name: string, nodes: ReadonlyArray<Node>): string => {
  const choices = nodes.map(
    ({ flags, next, words }) =>
      `    ${quote(words)}) next=${quote(next.map(({ word }) => word).join(" "))}; flags=${quote(flagWords(flags).join(" "))} ;;`,
  )
  const values = nodes.flatMap(({ flags, words }) =>
    flags.flatMap(([flag, { enum_values }]) =>
      enum_values === undefined
        ? []
        : [`    ${quote(`${words} --${flag}`)}) values=${quote(enum_values.join(" "))} ;;`],
    ),
  )
  return `${identifier(name)}_known() {
  case "$1" in
${nodes.map(({ words }) => `    ${quote(words)}) return 0 ;;`).join("\n")}
  esac
  return 1
}
${identifier(name)}_choices() {
  next=""; flags=""
  case "$1" in
${choices.join("\n")}
  esac
}
${identifier(name)}_takes() {
  case "$1 $2" in
${nodes
  .flatMap(valuedOf)
  .map((each) => `    ${quote(each)}) return 0 ;;`)
  .join("\n")}
  esac
  return 1
}
${identifier(name)}_places() {
  places=""
  case "$1 $2" in
${nodes
  .flatMap(placesOf)
  .map(({ at, values }) => `    ${quote(at)}) places=${quote(values)} ;;`)
  .join("\n")}
  esac
}
${identifier(name)}_values() {
  values=""
  case "$1 $2" in
${values.join("\n")}
  esac
}
`
}

const bash = (name: string, nodes: ReadonlyArray<Node>): string => `# bash completion for ${name}
${posix(name, nodes)}${identifier(name)}() {
  local word path="" try next flags values places at place=0
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    [[ $word == -* || $word == = || \${COMP_WORDS[at-1]} == = ]] && continue
    ${identifier(name)}_takes "$path" "\${COMP_WORDS[at-1]}" && continue
    try="\${path:+$path }$word"
    if [[ $place == 0 ]] && ${identifier(name)}_known "$try"; then path="$try"; else place=$((place + 1)); fi
  done
  ${identifier(name)}_values "$path" "$previous"
  if [[ -n $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$current"))
    return
  fi
  ${identifier(name)}_choices "$path"
  ${identifier(name)}_places "$path" "$place"
  [[ $place == 0 ]] || next=""
  next="$next $places"
  if [[ $current == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$current"))
  else COMPREPLY=($(compgen -W "$next" -- "$current")); fi
}
complete -o default -F ${identifier(name)} ${name}
`

const zsh = (name: string, nodes: ReadonlyArray<Node>): string => `#compdef ${name}
${posix(name, nodes)}${identifier(name)}() {
  local word path_="" try next flags values places at place=0
  for ((at = 2; at < CURRENT; at++)); do
    word="\${words[at]}"
    [[ $word == -* ]] && continue
    ${identifier(name)}_takes "$path_" "\${words[at-1]}" && continue
    try="\${path_:+$path_ }$word"
    if [[ $place == 0 ]] && ${identifier(name)}_known "$try"; then path_="$try"; else place=$((place + 1)); fi
  done
  ${identifier(name)}_values "$path_" "\${words[CURRENT-1]}"
  if [[ -n $values ]]; then compadd -- \${=values}; return; fi
  ${identifier(name)}_choices "$path_"
  ${identifier(name)}_places "$path_" "$place"
  [[ $place == 0 ]] || next=""
  next="\${next:+$next }$places"
  if [[ \${words[CURRENT]} == -* ]]; then compadd -- \${=flags}
  elif [[ -n $next ]]; then compadd -- \${=next}
  else _files; fi
}
if [[ $funcstack[1] == ${identifier(name)} ]]; then ${identifier(name)} "$@"; else compdef ${identifier(name)} ${name}; fi
`

const fish = (name: string, nodes: ReadonlyArray<Node>): string => {
  const seen = `__fish${identifier(name)}_at`
  const text = (words: string) => `'${words.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
  const lines = nodes.flatMap((node) => {
    const { flags, next, words } = node
    return [
      ...placesOf(node).map(
        ({ place, values }) => `complete -c ${name} -f -n "${seen} '${words}' ${place}" -a ${text(values)}`,
      ),
      ...next.map(
        ({ description, word }) =>
          `complete -c ${name} -f -n "${seen} '${words}'" -a ${text(word)} -d ${text(description)}`,
      ),
      ...flags.map(([flag, { description, enum_values, short, type }]) =>
        [
          `complete -c ${name} -n "${seen} '${words}'" -l ${flag}`,
          ...(short === undefined ? [] : [`-s ${short}`]),
          ...(type === "boolean" ? [] : ["-r"]),
          ...(enum_values === undefined ? [] : [`-f -a ${text(enum_values.join(" "))}`]),
          `-d ${text(description)}`,
        ].join(" "),
      ),
    ]
  })
  return `# fish completion for ${name}
function ${seen}
  set -l known ${nodes.map(({ words }) => text(words)).join(" ")}
  set -l valued ${nodes.flatMap(valuedOf).map(text).join(" ")}
  set -l path ""
  set -l place 0
  set -l before ""
  for word in (commandline -opc)[2..-1]
    set -l previous $before
    set before $word
    string match -q -- '-*' $word; and continue
    contains -- "$path $previous" $valued; and continue
    set -l try (string trim "$path $word")
    if test $place = 0; and contains -- "$try" $known
      set path "$try"
    else
      set place (math $place + 1)
    end
  end
  test "$path" = "$argv[1]"; or return 1
  test (count $argv) -lt 2; or test $place = "$argv[2]"
end
${lines.join("\n")}
`
}

/** The script that a person sources, or puts where their shell looks. */
export const completionScript = (name: string, shell: Shell, commands: ReadonlyMap<string, Registered>): string => {
  const nodes = nodesOf(commands)
  return shell === "bash" ? bash(name, nodes) : shell === "zsh" ? zsh(name, nodes) : fish(name, nodes)
}
