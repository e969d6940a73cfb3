import type { NetworkContext } from "@waybill/command-contract"
import { CommandError } from "./CommandError.ts"
import type { Context } from "./Context.ts"
import type { Network } from "./Network.ts"
import type { PageFacts } from "./Pages.ts"
import { plainText, redact } from "./PlainText.ts"
import type { RunRequest } from "./Protocol.ts"
import type { Registered } from "./Registered.ts"
import type { Stage } from "./Stage.ts"
import { type StepTracker, makeStepTracker } from "./StepTracker.ts"
import { toJsonable } from "./Jsonable.ts"
import { visibleDrawing, visibleJson } from "./Visible.ts"

export interface MadeContext {
  readonly ctx: Context
  readonly steps: StepTracker
  /** In the order in which they were added. */
  readonly cleanups: ReadonlyArray<() => unknown>
  readonly page: () => PageFacts
  /** Loads what a network command needs before its handler is called. */
  readonly prepare: () => Promise<void>
  readonly closeNetwork: () => void
  readonly networkContext: (thrown: unknown) => NetworkContext | undefined
}

const isNetworkCommand = (command: Registered) => command.published.has_network_io === true
const hasAgents = (command: Registered) => isNetworkCommand(command) && command.handlers.network_agents !== false

/** Builds what a handler is given. `signal` is aborted by whoever ends the run. */
export const makeContext = (
  command: Registered,
  request: RunRequest,
  stage: Stage,
  signal: AbortSignal,
): MadeContext => {
  const received_ms = stage.now_ms()
  const { connect_ms, remaining_ms, total_ms } = request
  const remainingMs = () =>
    remaining_ms === undefined ? undefined : Math.max(0, received_ms + remaining_ms - stage.now_ms())
  const connectMs = () => {
    const rest_ms = remainingMs()
    return connect_ms === undefined || rest_ms === undefined ? (connect_ms ?? rest_ms) : Math.min(connect_ms, rest_ms)
  }
  const cleanups: Array<() => unknown> = []
  const steps = makeStepTracker(command.published.steps, (event, step) => stage.tell({ type: "step", event, step }))
  let page: PageFacts = {}
  let network: Network | undefined

  const load = async (): Promise<Network> => {
    const { makeNetwork } = await import("./Network.ts")
    network ??= makeNetwork({ signal, connectMs, env: stage.env })
    return network
  }
  const agents = (): Network => {
    if (network !== undefined) return network
    throw new CommandError({
      exit: "GENERAL_ERROR",
      code: "NETWORK_NOT_DECLARED",
      message: `${command.published.path} uses an agent of ctx and does not declare has_network_io: true, or declares network_agents: false.`,
    })
  }
  const line = (text: string) => redact(plainText(text), request.secrets)
  const shown = (text: string) => visibleDrawing(line(text), false)
  const trace = request.trace_id === undefined ? "" : `[${request.trace_id}] `
  const isRaw = command.published.stream?.format === "raw"
  const streams = command.published.stream !== undefined || command.published.service === true

  const ctx: Context = {
    signal,
    timeouts: {
      totalMs: total_ms,
      connectMs: connect_ms,
      deadline: remaining_ms === undefined ? undefined : received_ms + remaining_ms,
      remainingMs,
    },
    fetch: async (...call) => {
      if (network === undefined && !isNetworkCommand(command)) {
        ctx.warn("NETWORK_NOT_DECLARED", "the command uses the network and does not declare has_network_io: true")
      }
      return (await load()).fetch(...call)
    },
    get dispatcher() {
      return agents().dispatcher
    },
    get httpAgent() {
      return agents().httpAgent
    },
    get httpsAgent() {
      return agents().httpsAgent
    },
    env: stage.env,
    steps: { start: steps.start, complete: steps.complete },
    log: (text) => {
      const isWanted = request.style !== undefined || request.verbosity === "verbose" || request.verbosity === "debug"
      if (isWanted && request.verbosity !== "quiet") stage.log(`${trace}${shown(text)}`)
    },
    warn: (code, text) => stage.tell({ type: "warning", text: line(`${code}: ${text}`) }),
    progress: (text) => stage.tell({ type: "progress", text: shown(text) }),
    onCleanup: (cleanup) => void cleanups.push(cleanup),
    write: async (value) => {
      if (!streams) {
        throw new CommandError({
          exit: "GENERAL_ERROR",
          code: "STREAM_NOT_DECLARED",
          message: `${command.published.path} writes to stdout and declares neither stream nor service.`,
        })
      }
      if (!isRaw) {
        // In any case: a terminal may be what reads it, also where JSON was asked for by name or in another process.
        return stage.stream(`${visibleJson(JSON.stringify(toJsonable(value, request.secrets)) ?? "null")}\n`)
      }
      if (typeof value === "string" || value instanceof Uint8Array) return stage.stream(value)
      throw new TypeError("a raw stream takes text or bytes")
    },
    page: (facts) => {
      page = { ...page, ...facts }
    },
    list: { limit: request.limit, cursor: request.cursor },
    dryRun: request.dry_run,
    isForPeople: request.style !== undefined,
    requestId: request.request_id,
    traceId: request.trace_id,
  }
  return {
    ctx,
    steps,
    cleanups,
    page: () => page,
    prepare: async () => {
      if (hasAgents(command)) await load()
    },
    closeNetwork: () => network?.close(),
    networkContext: (thrown) => network?.contextOf(thrown),
  }
}
