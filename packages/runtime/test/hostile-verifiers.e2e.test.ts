import { mkdtempSync, rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, it } from "vitest"
import { aliveIn } from "./support/agentLab.ts"
import { judge, makeRoot, sha256 } from "./support/judgedJob.ts"

const base = makeRoot("hostile-verifiers")
afterAll(() => rmSync(base, { recursive: true, force: true }))
const newRoot = () => mkdtempSync(join(base, "root-"))

const bytes = "the very bytes"
const shell = (script: string) => ({ command: ["/bin/sh", "-c", script, "sh"] as const })
const say = (json: unknown, code: number) => shell(`echo '${JSON.stringify(json)}'; exit ${code}`)
const passed = { name: "c", status: "passed" }
const failed = { name: "c", status: "failed", message: "secret" }

describe.concurrent("[W-19] a verifier that is a command", { timeout: 60_000 }, () => {
  it.for([
    ["accepts by exit code 0", shell("exit 0"), "verified"],
    ["accepts and names its checks", say({ checks: [passed] }, 0), "verified"],
    ["rejects by naming a check that failed", say({ checks: [passed, failed] }, 1), "verifier_rejected"],
    ["rejects by saying why", say({ checks: [], summary: "no good" }, 1), "verifier_rejected"],
    [
      "rejects in silence where that was agreed on",
      { command: ["grep", "-q", "other bytes"] as const, silentRejection: true },
      "verifier_rejected",
    ],
  ] as const)("%s", async ([, verifier, outcome], { expect }) => {
    const seen = await judge(newRoot(), bytes, verifier)
    expect(seen.reason).toBe(outcome)
    expect(seen.delivered).toBe(outcome === "verified" ? sha256(bytes) : undefined)
  })

  const malfunctions: ReadonlyArray<readonly [string, Parameters<typeof judge>[2], reason: string, detail: string]> = [
    ["crashes like a Node program", { command: [process.execPath, "-e", "throw new Error('secret')"] }, "", "secret"],
    ["crashes like a shell script", shell("set -e; false; echo never"), "", "gave no verdict"],
    ["says in its last words that it crashed", shell("echo secret >&2; exit 1"), "", "secret"],
    [
      "crashes like a Node program, where silence was agreed on",
      { command: [process.execPath, "-e", "throw new Error('secret')"], silentRejection: true },
      "",
      "secret",
    ],
    [
      "crashes like a Python program, where silence was agreed on",
      { ...shell("echo 'Traceback: secret' >&2; exit 1"), silentRejection: true },
      "",
      "gave no verdict",
    ],
    ["exits with 2", shell("echo secret >&2; exit 2"), "", "exited with 2: secret"],
    ["is not there", { command: ["./nowhere"] }, "", "ENOENT"],
    ["kills itself", shell("kill -9 $$"), "", "ended by SIGKILL"],
    ["kills its whole group", shell("kill -9 0"), "", "ended by SIGKILL"],
    ["accepts with a check that failed", say({ checks: [failed] }, 0), "", "although c failed"],
    ["accepts with an empty list of checks", say({ checks: [] }, 0), "", "without naming a check"],
    ["rejects although every check passed", say({ checks: [passed] }, 1), "", "names no failed check"],
    ["rejects with an empty list of checks", say({ checks: [] }, 1), "", "names no failed check"],
    ["writes prose", shell("echo looks good to me; exit 0"), "", "malformed"],
    ["writes two answers", shell(`echo '{"checks":[]}{"checks":[]}'; exit 0`), "", "malformed"],
    ["writes an answer of another shape", say({ checks: [{ name: "c", status: "maybe" }] }, 0), "", "malformed"],
    ["writes what is not UTF-8", shell(`printf '{"checks":[{"name":"\\377","status":"passed"}]}'`), "", "UTF-8"],
    ["writes half a character", shell(`printf '{"checks":[{"name":"\\\\ud800","status":"passed"}]}'`), "", "malformed"],
    ["writes more checks than a fact takes", say({ checks: Array(1001).fill(passed) }, 0), "", "malformed"],
    [
      "writes longer messages than a fact takes",
      shell(
        `printf '{"checks":[{"name":"c","status":"failed","message":"'; head -c 20000 /dev/zero | tr '\\0' x; printf '"}]}'; exit 1`,
      ),
      "",
      "malformed",
    ],
    ["hangs", shell("echo $$ >> pids; sleep 60"), "verifier_timeout", "no answer in"],
    [
      "hangs, and cannot be told to end",
      shell("trap '' TERM; echo $$ >> pids; while :; do sleep 0.05; done"),
      "verifier_timeout",
      "no answer in",
    ],
    ["stops itself", shell("echo $$ >> pids; kill -STOP $$"), "verifier_timeout", "no answer in"],
    ["never stops talking", shell("echo $$ >> pids; exec yes"), "verifier_timeout", "no answer in"],
    [
      "hangs behind a daemon of its own",
      shell("setsid sh -c 'echo $$ >> pids; sleep 60' & echo $$ >> pids; sleep 60"),
      "verifier_timeout",
      "no answer in",
    ],
  ]
  it.for(malfunctions)(
    "that %s has failed, and nothing is said about the work",
    async ([, verifier, reason, detail], { expect }) => {
      const root = newRoot()
      const more = reason === "" ? {} : { verifierDeadline_ms: 700 }
      const seen = await judge(root, bytes, { cwd: root, ...verifier }, more)
      expect(seen.reason).toBe(reason === "" ? "verifier_failed" : reason)
      expect(seen.failures).toEqual([expect.stringContaining(detail)])
      expect(seen.facts).not.toContain("secret")
      expect(seen.delivered).toBeUndefined()
      expect(seen.unfinished).toEqual([])
      expect(aliveIn(root)).toEqual([])
    },
  )

  const tampering: ReadonlyArray<readonly [string, string]> = [
    ["changes its copy", 'chmod 600 "$1"; printf X | dd of="$1" bs=1 conv=notrunc 2> /dev/null'],
    ["makes its copy longer", 'chmod 600 "$1"; echo more >> "$1"'],
    ["makes its copy shorter", 'chmod 600 "$1"; : > "$1"'],
    ["removes its copy", 'rm -f "$1"'],
    ["puts the same bytes in the place of its copy", 'cp "$1" x; rm -f "$1"; mv x "$1"'],
    ["puts a link in the place of its copy", 'cp "$1" x; rm -f "$1"; ln -s "$PWD/x" "$1"'],
    ["changes the sealed bytes", 'find data/sealed -type f -exec sh -c \'chmod 600 "$0"; printf X >> "$0"\' {} \\;'],
  ]
  it.for(tampering)("that %s gets no verdict, whatever it says", async ([, script], { expect }) => {
    const root = newRoot()
    const seen = await judge(root, bytes, { cwd: root, ...shell(`${script}; exit 0`) })
    expect(seen.reason).toBe("artifact_changed")
    expect(seen.delivered).toBeUndefined()
    expect(seen.unfinished).toEqual([])
  })

  it("that keeps its copy open in a daemon, and writes into it later, changes nothing that is delivered", async ({
    expect,
  }) => {
    const root = newRoot()
    const daemon = 'exec 3<> "$0"; echo $$ >> pids; while :; do printf X >&3; sleep 0.2; done'
    const script = `chmod 600 "$1"; setsid sh -c '${daemon}' "$1" > /dev/null 2>&1 & while [ ! -s pids ]; do sleep 0.01; done`
    // The daemon writes at once, so this copy is another one when it is looked at again.
    const seen = await judge(root, bytes, { cwd: root, ...shell(`${script}; exit 0`) })
    expect(seen.reason).toBe("artifact_changed")
    expect(aliveIn(root)).toEqual([])

    const quiet = newRoot()
    // This one has not touched its copy when the verdict is there.
    const waiting = 'exec 3< "$0"; echo $$ >> pids; sleep 60; printf X > /proc/self/fd/3'
    const patient = script.replace(daemon, waiting).replace('chmod 600 "$1"; ', "")
    const accepted = await judge(quiet, bytes, { cwd: quiet, ...shell(`${patient}; exit 0`) })
    expect(accepted.reason).toBe("verified")
    expect(accepted.delivered).toBe(sha256(bytes))
    expect(aliveIn(quiet)).toEqual([])
  })
})

it("what a verifier said when it failed reaches whoever looks on, whole and without what it was given in confidence", async ({
  expect,
}) => {
  const root = newRoot()
  const script = "printf '%020000d' 7 >&2; echo $TOKEN >&2; echo $PLACE/x >&2; exit 2"
  const env = { TOKEN: "s3cr3t-t0ken", PLACE: "s3cr3t-t0ken/below" }
  const seen = await judge(root, bytes, { cwd: root, env, ...shell(script) })
  expect(seen.failures).toEqual([`verify: verifier v: failed: exited with 2: ${"0".repeat(19_999)}7[TOKEN]\n[PLACE]/x`])
  expect(seen.facts).not.toContain("s3cr3t")
  expect(seen.facts).not.toContain("0000000")
})

it("[W-19] a verifier that writes 1 GB has failed, and costs no memory", async ({ expect }) => {
  const before = process.memoryUsage().rss
  const seen = await judge(newRoot(), bytes, shell("head -c 1000000000 /dev/zero; exit 0"))
  expect(seen.reason).toBe("verifier_failed")
  expect(seen.failures).toEqual([expect.stringContaining("it wrote more than 4194304 bytes")])
  expect(process.memoryUsage().rss - before).toBeLessThan(96 * 1024 * 1024)
})
