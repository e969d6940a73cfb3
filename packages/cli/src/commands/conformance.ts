/**
 * The command that checks a JobSpec server, anybody's, by the laws of the conformance program.
 *
 * @module
 */
import { command } from "@waybill/command"
import { parseDuration } from "@waybill/command-contract"
import { changed, done, LEVEL_NOT_HELD } from "../Exits.ts"

const timeIn_ms = (text: string): number | undefined => {
  if (/^\d+(?:\.\d+)?$/u.test(text)) return Number(text) * 1000
  const reading = parseDuration(text)
  return reading.ok ? reading.ms : undefined
}

const isAddress = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/u.test(url.protocol) && url.search === "" && url.hash === ""
}

const refuseEnd = (field: string, path: string | undefined, ends: ReadonlyArray<string>) =>
  path === undefined || ends.some((end) => path.endsWith(end))
    ? []
    : [{ field, message: `${JSON.stringify(path)} must end in ${ends.join(" or ")}` }]

export const conformanceRun = command({
  name: "conformance run",
  description: "Checks a JobSpec server over HTTP, law by law; the server must have no other users meanwhile.",
  danger_level: "mutating",
  timeout_ms: 2_147_483_647,
  has_network_io: true,
  parameters: {
    url: { type: "string", required: true, value_name: "URL", description: "The server's address" },
    token: { type: "string", secret: true, value_name: "T", description: "A token that may do everything" },
    "token-file": {
      type: "string",
      value_name: "FILE",
      pattern_type: "filepath",
      description: "The token in a file, where nobody sees it in a list of processes",
    },
    level: {
      type: "integer",
      value_name: "N",
      description: "The level that the server claims, 0 to 4; without it, every law, and the highest level that holds",
    },
    "restart-cmd": {
      type: "string",
      value_name: "CMD",
      description: "Run with CONFORMANCE_STEP=kill, then =start: kills the server and starts it on the same ledger",
    },
    ledger: {
      type: "string",
      value_name: "PATH",
      pattern_type: "filepath",
      description:
        "The server's ledger.jsonl, to look into and, with --restart-cmd, to damage: give it one to throw away",
    },
    seed: { type: "integer", value_name: "S", description: "Draws the same random requests as the run that named it" },
    time: { type: "string", default: "60s", value_name: "DURATION", description: "How long it may take" },
    report: {
      type: "array",
      value_name: "FILE",
      description: "Where to write a report: .json, or .html for a page to read",
    },
    badge: {
      type: "string",
      value_name: "FILE",
      pattern_type: "filepath",
      description: "Where to write a badge, .svg",
    },
  },
  exit_codes: {
    SUCCESS: changed("The claimed level holds; the jobs that were made are called off"),
    PRECONDITION: done(
      "Nothing answers there as a JobSpec server would, it refuses the token, or a hook or a file is of no use",
    ),
    TIMEOUT: { description: "The way to the server took too long", retryable: false, side_effects: "partial" },
    LEVEL_NOT_HELD,
  },
  error_registry: {
    NOT_A_SERVER: { exit: "PRECONDITION", fix_required: "Start the server, and give its address with --url." },
    TOKEN_REFUSED: {
      exit: "PRECONDITION",
      fix_required:
        "Give a token that may do everything there, with --token or --token-file, or none to look only at what is read.",
    },
    NO_LEDGER: {
      exit: "PRECONDITION",
      fix_required: "Give the file that this server appends to with --ledger, or leave it out.",
    },
    REPORT_UNWRITABLE: {
      exit: "PRECONDITION",
      fix_required: "Name a file that can be written, in a folder that is there.",
    },
    TOKEN_UNREADABLE: { exit: "PRECONDITION", fix_required: "Give a file that you may read with --token-file." },
    CANNOT_RESTART: {
      exit: "PRECONDITION",
      fix_required:
        "Try the command of --restart-cmd by hand: after CONFORMANCE_STEP=kill nothing may answer, after =start the server must.",
    },
  },
  output_schema: { type: "object", required: ["url", "seed", "conclusion", "levels", "broken"] },
  requires: [{ if_flag: "token", prohibited: ["token-file"] }],
  validate: ({ badge, level, report, time, url }) => [
    ...(isAddress(url)
      ? []
      : [{ field: "url", message: `${JSON.stringify(url)} is no address such as http://127.0.0.1:8765` }]),
    ...(level === undefined || (level >= 0 && level <= 4) ? [] : [{ field: "level", message: "is 0, 1, 2, 3 or 4" }]),
    ...((timeIn_ms(time) ?? 0) >= 1_000 ? [] : [{ field: "time", message: "is a time of at least 1s, such as 60s" }]),
    ...report.flatMap((path) => refuseEnd("report", path, [".json", ".html"])),
    ...refuseEnd("badge", badge, [".svg"]),
  ],
  execute: async (args, ctx) => {
    const { runConformance } = await import("../conformance/runConformance.ts")
    const { badge, ledger, level, report, seed, time, token, url } = args
    return runConformance(
      {
        badge,
        ledger,
        level,
        report,
        seed,
        time_ms: timeIn_ms(time) ?? 60_000,
        token,
        url,
        restart_cmd: args["restart-cmd"],
        token_file: args["token-file"],
      },
      ctx,
    )
  },
})
