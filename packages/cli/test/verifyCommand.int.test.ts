import { invoke } from "@waybill/command"
import fc from "fast-check"
import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { waybill } from "../src/index.ts"
import { verifyCommand } from "../src/settling/verifyCommand.ts"

const folder = mkdtempSync(join(tmpdir(), "waybill-verify-"))
const file = join(folder, "the file")
const log = join(folder, "log")
const file_text = "the file's text"
writeFileSync(file, file_text)
// Writes down what it was given, argument by argument, and what it was told on standard input.
writeFileSync(join(folder, "see"), `#!/bin/sh\n{ printf '%s|' "$@"; cat; echo; } >> ${log}\n`)
chmodSync(join(folder, "see"), 0o755)

/** Starts a line as a verifier is started; answers its exit code, and what each `see` was given. */
const judge = (line: string) => {
  const judged = verifyCommand(line)
  if ("refused" in judged) return judged
  const [program, ...words] = judged.command
  rmSync(log, { force: true })
  const { status } = spawnSync(program, [...words, file], {
    // Whatever a line writes to, it is not the program that looks on.
    cwd: mkdtempSync(join(folder, "cwd-")),
    env: { PATH: `${folder}:${process.env["PATH"] ?? ""}`, WAYBILL_ARTIFACT: file },
    stdio: ["ignore", "ignore", "ignore"],
    timeout: 10_000,
  })
  return { status, seen: existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : [] }
}

describe("the file is the last argument of the line's last command, wherever that ends", () => {
  it.each([
    ["see", `${file}|`],
    ["see a 'b c' \"d\"", `a|b c|d|${file}|`],
    ["see # comment", `${file}|`],
    ["see a#b # comment 'with a quote", `a#b|${file}|`],
    ["see '# a' \"# b\" \\# c", `# a|# b|#|c|${file}|`],
    ["see;", `${file}|`],
    ["see ; # done", `${file}|`],
    ["see\n", `${file}|`],
    ["see \\\n  a", `a|${file}|`],
    ["true\nsee a\n# comment\n\n", `a|${file}|`],
    ["true && see", `${file}|`],
    ["false || see", `${file}|`],
    ["true | see", `${file}|`],
    ["X=1 see", `${file}|`],
    ["! see > /dev/null", `${file}|`],
    ["see 2>&1", `${file}|`],
    ["see > /dev/null # comment", `${file}|`],
    ["see \"$(echo '\"')\" # it's", `"|${file}|`],
    ["see `echo a # b`", `a|${file}|`],
    ['see "${X:-a # \'b}" # c', `a # 'b|${file}|`],
    ["see $# # c", `1|${file}|`],
    ["see '$1'", `$1|${file}|`],
    ["see \\$1", `$1|${file}|`],
    ["set -- a b; see", `${file}|`],
    ['f() { see "$1"; }; f', `${file}|`],
    ['test -s "$1" && see', `${file}|`],
  ])("%j", (line, seen) => {
    expect(judge(line)).toMatchObject({ seen: [seen] })
  })
})

describe('a line that says "$1", "$@" or $WAYBILL_ARTIFACT in its last pipeline stays as it is', () => {
  it.each([
    ['see "$1"', `${file}|`],
    ['see "$1" b # comment', `${file}|b|`],
    ['see "${1}" b', `${file}|b|`],
    ['see "$@";', `${file}|`],
    ['see < "$1"', `|${file_text}`],
    ['cat "$WAYBILL_ARTIFACT" | see', `|${file_text}`],
    ['if see "$1"; then exit 0; else exit 1; fi', `${file}|`],
    ['{ see "$1"; }', `${file}|`],
    ['see "$(cat "$1")"', `${file_text}|`],
    ['cat <<END | see "$1"\nthe "$1"\nEND', undefined],
    ['see "$1" <<END\ntext\nEND', undefined],
  ])("%j", (line, seen) => {
    const judged = judge(line)
    if (seen !== undefined) expect(judged).toMatchObject({ seen: [seen] })
    // What follows a here-document is not read, and what is not read is not believed to say the file.
    else expect("refused" in judged || judged.seen.some((each) => each.includes(file))).toBe(true)
  })
})

describe("a line with no place for the file that does not say it either is refused", () => {
  it.each([
    ["", "is empty"],
    ["# comment", "is empty"],
    ["see &", "background"],
    ['see "$1" &', "background"],
    ['see "$1" &> /dev/null', "background"],
    ["see &&", "ends in &&"],
    ["see ||", "ends in ||"],
    ["see |", "ends in |"],
    ["see 'a", "not closed"],
    ['see "a', "not closed"],
    ["see $(a", "not closed"],
    ["see `a", "not closed"],
    ["see a\\", "ends in a backslash"],
    ["see >", "has no command"],
    ["> out", "has no command"],
    ["X=1", "has no command"],
    ["!", "has no command"],
    ["(see)", "ends in (see)"],
    ["{ see; }", "ends in }"],
    ["if true; then see; fi", "ends in fi"],
    ["case a in a) see;; esac", "ends in esac"],
    ["see <<END\nx\nEND", "here-document"],
    ["see $'a\\'' # '", "quotation mark"],
  ])("%j", (line, reason) => {
    const judged = judge(line)
    expect(judged).toHaveProperty("refused")
    expect("refused" in judged ? judged.refused : "").toContain(reason)
  })

  it("by `settle`, before anything is done, and with what to do instead", async () => {
    const root = mkdtempSync(join(tmpdir(), "waybill-verify-"))
    const words = [
      "settle",
      `--root=${root}`,
      "--candidate=out",
      "--schema-id=text/v1",
      "--verify={ see; }",
      "--",
      "true",
    ]
    const { envelope, exit_code } = await invoke(waybill, words, { env: {} })
    expect(exit_code).toBe(2)
    expect(envelope?.error?.message).toContain('Write "$1" where the file is to be')
    expect(existsSync(join(root, ".agents"))).toBe(false)
  })
})

it("no line that ends well has gone without the file, however it is quoted, commented or continued", () => {
  const pieces = [
    "see",
    "see ",
    " ",
    "'",
    '"',
    "#",
    " #",
    ";",
    "\n",
    "&&",
    "|",
    "&",
    "\\",
    "$(",
    ")",
    "`",
    "${X:-",
    "}",
    "a",
    "<",
    ">",
    "$'",
    "$",
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => {
      const line = `see${parts.join("")}`
      // Behind `||` a command may rightly never be run.
      fc.pre(!line.includes("||"))
      const judged = judge(line)
      if ("refused" in judged || judged.status !== 0) return
      expect(judged.seen.join("\n")).toContain(file)
    }),
    { numRuns: 300 },
  )
})
