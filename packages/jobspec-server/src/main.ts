/**
 * `npm run serve -- --root DIR --addr HOST:PORT --token-file FILE`. The first line on stdout is one JSON object with the
 * address; everything else is said on stderr, one JSON object per line.
 *
 * @module
 */
import { layerNodeFiles } from "@waybill/host"
import { lease_ms_max } from "@waybill/jobspec"
import { Effect, Redacted } from "effect"
import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { durationOf } from "./durations.ts"
import { CannotListen, parseAddress } from "./Listener.ts"
import { makeLog } from "./Log.ts"
import { type RunOptions, runServer } from "./runServer.ts"

const help = `usage: npm run serve -- [options]

Serves JobSpec v0 over the ledger of a project.

  --root DIR           the project (default: here); its ledger lies in DIR/.agents/daemon
  --addr HOST:PORT     where to listen, on this machine alone (default 127.0.0.1:8765); port 0 takes a free one
  --token-file FILE    who may change something; made where there is none (default DIR/.agents/daemon/token)
  --ledger URL         postgres://USER:PASSWORD@HOST:PORT/DATABASE: keep the ledger there
  --schema NAME        the schema of that ledger (default waybill)
  --lease TIME         how long a worker holds a job without a heartbeat (default 60s)
  --grace TIME         how long requests may take to end after SIGTERM (default 10s)
  --failpoints         let requests ask for failures; for tests alone
  --help               this text
`

/** A mistake in the command line: said in one line, exit code 2. */
class UsageError extends Error {}

interface Asked extends Omit<RunOptions, "log"> {
  readonly grace_ms: number
}

const timeOf = (name: string, said: string, most_ms: number): number => {
  const time_ms = durationOf(said)
  if (time_ms === undefined || time_ms < 1 || time_ms > most_ms)
    throw new UsageError(`--${name} takes a time such as 30s or 5m, at most ${most_ms / 1000}s, not "${said}"`)
  return time_ms
}

const parse = (args: ReadonlyArray<string>): Asked | "help" => {
  const text = { type: "string" } as const
  const flag = { type: "boolean" } as const
  const options = {
    root: text,
    addr: text,
    "token-file": text,
    ledger: text,
    schema: text,
    lease: text,
    grace: text,
    failpoints: flag,
    help: flag,
  } as const
  let values
  try {
    ;({ values } = parseArgs({ args: [...args], options }))
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause))
  }
  if (values.help === true) return "help"
  const address = parseAddress(values.addr ?? "127.0.0.1:8765")
  if (address instanceof CannotListen) throw new UsageError(address.message)
  if (values.ledger !== undefined && !/^postgres(?:ql)?:\/\//u.test(values.ledger))
    throw new UsageError("--ledger takes a URL that begins with postgres://; without it the ledger is kept in files")
  const token_file = values["token-file"]
  return {
    root: resolve(values.root ?? "."),
    address,
    ...(token_file === undefined ? {} : { token_file: resolve(token_file) }),
    ...(values.ledger === undefined ? {} : { database: Redacted.make(values.ledger) }),
    ...(values.schema === undefined ? {} : { schema: values.schema }),
    lease_ms: timeOf("lease", values.lease ?? "60s", lease_ms_max),
    grace_ms: timeOf("grace", values.grace ?? "10s", 3_600_000),
    hasFailpoints: values.failpoints === true,
  }
}

const log = makeLog((line) => process.stderr.write(line), Date.now)

/** Resumes with the name of the signal that asks this process to end. */
const signal = Effect.callback<string>((resume) => {
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => resume(Effect.succeed(name)))
})

const program = ({ grace_ms, ...options }: Asked) =>
  Effect.gen(function* () {
    const { drain, isNewToken, token_file, url } = yield* runServer({ ...options, log })
    const first = { url, pid: process.pid, root: options.root, token_file, made_token: isNewToken }
    process.stdout.write(`${JSON.stringify(first)}\n`)
    log("info", "serving", { url })
    const name = yield* signal
    log("info", "draining", { signal: name })
    yield* drain(grace_ms)
    log("info", "stopped")
  }).pipe(Effect.scoped, Effect.provide(layerNodeFiles))

const main = async (): Promise<number> => {
  try {
    const asked = parse(process.argv.slice(2))
    if (asked === "help") process.stdout.write(help)
    else await Effect.runPromise(program(asked))
    return 0
  } catch (cause) {
    log("error", cause instanceof Error ? cause.message : String(cause))
    return cause instanceof UsageError ? 2 : 1
  }
}

// Nothing is left to do, but a follower's timer could keep the process.
process.exit(await main())
