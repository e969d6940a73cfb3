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
    ["true | true; see", `${file}|`],
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
    ["set -eu; see", `${file}|`],
    ['f() { see "$1"; }; f', `${file}|`],
    ["see <<END\nx\nEND", `${file}|x`],
    ["see a <<-'END' # why\n\t`x $(y &)\n\tEND\n", `a|${file}|\`x $(y &)`],
    ["see 'a & b' \"a & b\" a\\&b # & c", `a & b|a & b|a&b|${file}|`],
    ["see $((6 & 3)) $((1 << 2))", `2|4|${file}|`],
    ["see ${X:-a & b}", `a|&|b|${file}|`],
    ["see '\u00a0\r' \"\ufeff\"", `\u00a0\r|\ufeff|${file}|`],
    ["see a # b\r", `a|${file}|`],
    ["see é\u0001ü", `é\u0001ü|${file}|`],
    ["false ||\nsee", `${file}|`],
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
    ['see "`cat "$1"`"', `${file_text}|`],
    ['see `wc -c < "$1"`', `${file_text.length}|`],
    ['see `echo \\`cat "$1"\\``', `${file_text.split(" ").join("|")}|`],
    ['cat "$1" |\n see', `|${file_text}`],
    ['x=$(cat "$1"); echo "$x" | see', `|${file_text}`],
    ['set -- a; see "$WAYBILL_ARTIFACT"', `${file}|`],
    ['see "$1" <<END\ntext\nEND', `${file}|text`],
    ['cat <<END | see "$1" -\nthe "$1"\nEND', `${file}|-|the "${file}"`],
    ['see "$1" > /dev/null 2>&1 <&-', `${file}|`],
  ])("%j", (line, seen) => {
    expect(judge(line)).toMatchObject({ seen: [seen] })
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
    ["see <<END\nx", "here-document"],
    ['see <<END "$1"\n$(x)\nEND', "Write <<'END'"],
    ["true | see", "ends in a pipe"],
    ["grep -q final | tee log.txt", "ends in a pipe"],
    ["true |\nsee", "ends in a pipe"],
    ["f() see", "body"],
    ["f()\n(see)", "body"],
    ['f() { see "$WAYBILL_ARTIFACT"; }', "nobody calls"],
    ['function f { see "$WAYBILL_ARTIFACT"; }', "nobody calls"],
    ["see $'a\\'' # '", "quotation mark"],
  ])("%j", (line, reason) => {
    const judged = judge(line)
    expect(judged).toHaveProperty("refused")
    expect("refused" in judged ? judged.refused : "").toContain(reason)
  })

  it.each([
    'see "$1" &',
    'see "$1" & true',
    '(see "$1" &)',
    '{ see "$1" & }',
    'if see "$1" & then true; fi',
    'f() { see "$1" & }; f "$WAYBILL_ARTIFACT"',
    'case a in a) see "$1" & esac',
    'x=$(see "$1" &)',
    'x="$(true; (see "$1" &))"',
    'x=`see "$1" &`',
    'x=`echo \\`see "$1" &\\``',
    'x=${y:-$(see "$1" &)}',
  ])("because its answer is lost in the background: %j", (line) => {
    expect(judge(line)).toHaveProperty("refused", expect.stringContaining("in the background"))
  })

  it.each(['see "$1" &>/dev/null || exit 1', 'see "$1" &>>log', '(see "$1"&>log)'])(
    "because sh reads &> as the background, and with what to write instead: %j",
    (line) => {
      expect(judge(line)).toHaveProperty("refused", expect.stringMatching(/^has &>.* Write >\/dev\/null 2>&1$/u))
    },
  )

  it.each([
    ['set -- /etc/passwd; see "$1"', "has a set"],
    ['set a; see "$@"', "has a set"],
    ['set -e "$X"; see "$1"', "has a set"],
    ['set - a; see "$1"', "has a set"],
    ['true && shift; see "${1}"', "has a shift"],
    ['(command shift; see "$1")', "has a shift"],
    ['if \\set -- a; then see "$1"; fi', "has a set"],
    ['see "$(set -- a; cat "$1")"', "has a set"],
    ['WAYBILL_ARTIFACT=/etc/passwd; see "$WAYBILL_ARTIFACT"', "changes WAYBILL_ARTIFACT"],
    ["export WAYBILL_ARTIFACT=/etc/passwd; see", "changes WAYBILL_ARTIFACT"],
    ["unset WAYBILL_ARTIFACT; see", "changes WAYBILL_ARTIFACT"],
    ["eval 'set -- a'; see \"$1\"", "has an eval"],
  ])("because another file may be judged: %j", (line, reason) => {
    expect(judge(line)).toHaveProperty("refused", expect.stringContaining(reason))
  })

  it.each([
    ['see "$1"\r', "a carriage return (U+000D) outside quotation marks"],
    ["see\r\n", "CRLF"],
    ["see \\\r\n a", "CRLF"],
    ["see\u00a0a", "a no-break space (U+00A0)"],
    ["\ufeffsee", "a byte order mark (U+FEFF)"],
    ["see \f", "U+000C"],
    ["see \v", "U+000B"],
    ["see \u2028a", "U+2028"],
    ["see (\u2028)", "U+2028"],
    ["see \u200b", "U+200B"],
  ])("because it has what looks like a blank and is none: %j", (line, reason) => {
    expect(judge(line)).toHaveProperty("refused", expect.stringContaining(reason))
  })

  it.each([
    ['see "$1" &\\\n& true', "continues on another line"],
    ["see $\\\n1", "continues on another line"],
    ["see a\\\nb", "continues on another line"],
    ['see "$1" <\\\n<END\nEND', "continues on another line"],
    ["see $(case a in a) echo & esac)", "case in parentheses"],
    ["see \"${X#'}'}\"", "pattern"],
    ["( ".repeat(10_000), "deep"],
    ["$( ".repeat(10_000), "deep"],
    ['((see "$1"))', "Write ( ("],
    ['see $((see "$1") )', "write $( ("],
    ["see $((1 # ))", "plain sum"],
    ['see $(($(wc -c < "$1") / 2))', "plain sum"],
  ])("because what sh makes of it is not certain: %j", (line, reason) => {
    expect(judge(line)).toHaveProperty("refused", expect.stringContaining(reason))
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

/** A judge that answers yes to the file alone, given or told; the rest of the machine's programs are out of reach. */
writeFileSync(
  join(folder, "honest"),
  ["#!/bin/sh", `for each; do [ "$each" = "${file}" ] && echo seen >> ${log} && exit 0; done`, "exit 1", ""].join("\n"),
)
/** A judge that rejects whatever it is given. */
writeFileSync(join(folder, "reject"), `#!/bin/sh\necho rejected >> ${log}\nexit 1\n`)
for (const name of ["honest", "reject"]) chmodSync(join(folder, name), 0o755)

const signs = [
  "honest",
  "honest ",
  ' "$1" ',
  " ",
  "\t",
  "\n",
  "'",
  '"',
  "#",
  " #",
  ";",
  "&&",
  "||",
  "|",
  "&",
  "&>",
  "\\",
  "\\\n",
  "$(",
  "(",
  ")",
  "{ ",
  "; }",
  "`",
  "${X:-",
  "}",
  "a",
  "<",
  ">",
  "2>&1",
  "$'",
  "$",
  "!",
  "<<E\n",
  "\nE\n",
  "\r",
  "\u00a0",
  "\f",
  "\v",
  "\u2028",
  "\ufeff",
]

it("no line that ends well has gone without the file, however it is quoted, commented, nested or continued", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...signs), { maxLength: 12 }), (parts) => {
      const line = `honest${parts.join("")}`
      const judged = judge(line)
      if ("refused" in judged || judged.status !== 0) return
      // A `!` makes a yes of a no, and a redirection of the file asks nobody: both are the author's own words.
      fc.pre(!/!|[<>]\s*"\$1"/u.test(line))
      expect(judged.seen).toContain("seen")
    }),
    { numRuns: 300 },
  )
})

/** Lines in which every command rejects the file, and what of them is left in the background. */
const lines = fc.letrec<{ line: { text: string; isLost: boolean } }>((tie) => {
  const judging = fc.constantFrom(
    'reject "$1"',
    'X=1 reject "${1}"',
    'reject "&" "$1"',
    'reject $(cat "$1")',
    'reject < "$1"',
  )
  const redirected = fc.constantFrom("", " >/dev/null 2>&1", " 2>&1", " >&2", " # & c\n", " '&'", ' "a & b"', " \\&")
  const command = fc
    .record({ judging, redirected })
    .map((one) => ({ text: one.judging + one.redirected, isLost: false }))
  const all = fc.record({ judging, to: fc.constantFrom("/dev/null", " log") })
  const lost = all.map((one) => ({ text: `${one.judging} &>${one.to}`, isLost: true }))
  const line = tie("line")
  const joined = fc
    .tuple(line, fc.constantFrom("; ", " && ", " || ", " | ", " & ", "\n", " &&\n", "&"), line)
    .map(([one, by, other]) => ({
      text: one.text.endsWith("\n") && by !== "\n" ? `{ ${one.text}}${by}${other.text}` : one.text + by + other.text,
      isLost: one.isLost || other.isLost || /^ ?& ?$/u.test(by),
    }))
  const enclosed = fc
    .tuple(
      line,
      fc.constantFrom(
        ["( ", "\n)"],
        ["{ ", "\n}"],
        ["x=$( ", "\n)"],
        ['x="$( ', '\n)"'],
        ["x=`", "\n`"],
        ["( ", " & )"],
        ["{ ", " & }"],
      ),
    )
    .map(([{ isLost, text }, [opening = "", closing = ""]]) => ({
      text: opening + (closing.startsWith("\n") ? text : text.trimEnd()) + closing,
      isLost: isLost || closing.includes("&"),
    }))
    // A backtick within backticks, and a comment that hides what closes, are other lines than these.
    .filter(({ text }) => (text.match(/`/gu)?.length ?? 0) <= 2 && !/#[^\n]* & [)}]/u.test(text))
  return { line: fc.oneof({ maxDepth: 3, withCrossShrink: true }, command, lost, joined, enclosed) }
}).line

it("the answer of a line is its judge's: where each command rejects it ends with no 0, and what is in the background is refused", () => {
  let accepted = 0
  fc.assert(
    fc.property(lines, ({ isLost, text }) => {
      const judged = judge(text)
      expect([text, "refused" in judged]).toEqual([text, isLost])
      if ("refused" in judged) return
      accepted++
      expect([text, judged.status]).not.toEqual([text, 0])
      expect(judged.seen).toContain("rejected")
    }),
    { numRuns: 200 },
  )
  expect(accepted).toBeGreaterThan(20)
})

it("any text ends in a refusal or a program", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom(...signs), { maxLength: 40 }).map((each) => each.join("")),
  )
  fc.assert(
    fc.property(text, (line) => {
      expect(Object.keys(verifyCommand(line))).toHaveLength(1)
    }),
    { numRuns: 5000 },
  )
})

it("sh ends a word where it is read to end, whatever looks like a blank", () => {
  const letters = fc.constantFrom(..."a1é漢_./:,%+-\u0001\u007f\u0085\u200b\u200c \t\r\f\v\u00a0\u2003\u2028\ufeff")
  const texts = fc.array(letters, { minLength: 1, maxLength: 8 }).map((each) => each.join(""))
  fc.assert(
    fc.property(texts, (text) => {
      const judged = judge(`see ${text}`)
      if (/[^\S \t]|[\u0085\u200b]/u.test(text)) expect(judged).toHaveProperty("refused")
      else expect(judged).toMatchObject({ seen: [`${[...text.split(/[ \t]+/u).filter(Boolean), file].join("|")}|`] })
    }),
    { numRuns: 100 },
  )
})
