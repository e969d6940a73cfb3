/**
 * Handlers that do what no handler should.
 *
 * @module
 */
import { execSync, spawn } from "node:child_process"
import { writeSync } from "node:fs"
import { command } from "../../src/index.ts"

const SUCCESS = { description: "Done", retryable: false, side_effects: "none" } as const
const any = { type: "object" } as const

export const never = () => new Promise<never>(() => undefined)
export const forever = (): never => {
  for (;;);
}

/** Long enough for a start, short enough for a test. */
const short_ms = 700

/** A misbehaving handler with a limit that the test waits for. */
const hostile = (name: string, execute: () => Promise<unknown>, timeout_ms = 60_000) =>
  command({
    name: `hostile ${name}`,
    description: `Does what its name says: ${name}.`,
    danger_level: "safe",
    timeout_ms,
    exit_codes: { SUCCESS },
    output_schema: any,
    execute,
  })

export const hostile_commands = [
  hostile("loop", async () => forever(), short_ms),
  hostile("exec-sync", async () => execSync("sleep 60"), short_ms),
  hostile("never", never, short_ms),
  hostile("blocked-loop", async () => {
    writeSync(2, "blocked\n")
    forever()
  }),
  hostile("blocked-child", async () =>
    execSync("echo blocked >&2; exec sleep 60", { stdio: ["ignore", "ignore", "inherit"] }),
  ),
  hostile("top-level-await", async () => import("./never-loads.ts"), short_ms),
  hostile("throw-null", async () => {
    // oxlint-disable-next-line typescript/only-throw-error -- this is what the test is about
    throw null
  }),
  hostile("throw-text", async () => {
    // oxlint-disable-next-line typescript/only-throw-error -- this is what the test is about
    throw "plain words"
  }),
  hostile("throw-error", async () => {
    throw new TypeError("first line\n    at somewhere (file.ts:1:2)")
  }),
  hostile("stdout", async () => {
    console.log("prose from a dependency")
    console.log('{"ok":true}')
    writeSync(1, "\u001b[31mred\u001b[0m prose\n")
    return { fine: true }
  }),
  hostile("flood", async () => {
    const block = "x".repeat(1 << 20)
    for (let written = 0; written < 50; written++) await new Promise((resolve) => process.stdout.write(block, resolve))
    return { fine: true }
  }),
  hostile("large-result", async () => ({
    items: Array.from({ length: 500_000 }, (_, id) => ({ id, text: "x".repeat(90) })),
  })),
  hostile("exit", async () => process.exit(0)),
  hostile("exit-13", async () => process.exit(13)),
  hostile("kill-itself", async () => process.kill(process.pid, "SIGKILL")),
  hostile(
    "stubborn-child",
    async () => {
      spawn("bash", ["-c", "trap '' TERM; exec -a waybill-stubborn sleep 60"], { stdio: "ignore" })
      spawn("bash", ["-c", "trap '' TERM; exec -a waybill-stubborn sleep 60"], { stdio: "ignore", detached: true })
      forever()
    },
    short_ms,
  ),
  hostile(
    "daemon",
    async () => {
      execSync("setsid bash -c 'exec -a waybill-daemon sleep 60' >/dev/null 2>&1 &")
      return never()
    },
    short_ms,
  ),
  hostile("forgotten-child", async () => {
    spawn("sleep", ["61"], { stdio: "ignore" }).unref()
    spawn("sleep", ["61"], { stdio: "ignore", detached: true }).unref()
    return {}
  }),
  hostile("unhandled-rejection", async () => {
    void Promise.reject(new Error("nobody waits for this"))
    return never()
  }),
  hostile("throw-in-timer", async () => {
    setTimeout(() => {
      throw new Error("thrown in a timer")
    }, 1)
    return never()
  }),
  command({
    name: "hostile inline-rejection",
    description: "Rejects in the program's own process.",
    danger_level: "safe",
    exit_codes: { SUCCESS },
    output_schema: any,
    isolation: "inline",
    execute: async () => {
      console.log("prose in the program's own process")
      void Promise.reject(new Error("nobody waits for this"))
      return never()
    },
  }),
  hostile("circular", async () => {
    const circle: Record<string, unknown> = {}
    circle["itself"] = circle
    return circle
  }),
  hostile("bad-json", async () => ({
    toJSON: () => {
      throw new Error("no JSON of me")
    },
  })),
  hostile("odd-numbers", async () => ({
    big: 12n,
    nan: Number.NaN,
    infinite: Number.POSITIVE_INFINITY,
    gone: undefined,
  })),
  hostile("nothing", async () => undefined),
  hostile("scalar", async () => 7),
  hostile("unawaited", async () => {
    setTimeout(() => undefined, 300)
    return {}
  }),
  hostile("swallows-abort", never, short_ms),
  command({
    name: "hostile late-success",
    description: "Heeds the abort and answers as if nothing were.",
    danger_level: "safe",
    timeout_ms: short_ms,
    exit_codes: { SUCCESS },
    output_schema: any,
    execute: async (_, ctx) => {
      await new Promise<void>((resolve) => {
        ctx.signal.addEventListener("abort", () => resolve())
      })
      return { late: true }
    },
  }),
]
