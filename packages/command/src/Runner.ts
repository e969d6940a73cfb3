/**
 * The process that a handler runs in. It is started by the supervisor with the same program and words, does what it is
 * told over its channel, and ends when the channel closes.
 *
 * @module
 */
import { ChildProcess } from "node:child_process"
import { Socket } from "node:net"
import { writeSync } from "node:fs"
import type { Application } from "./Application.ts"
import { catalogue } from "./Catalogue.ts"
import { watchParent } from "./ParentWatch.ts"
import { type Performance, perform } from "./Perform.ts"
import type { FromRunner, RunRequest, ToRunner } from "./Protocol.ts"
import { stream_fd } from "./RunnerNames.ts"

const clear_line = "\r\u001b[K"

const tell = (message: FromRunner, then?: () => void): void => {
  if (process.send === undefined || !process.connected) return then?.()
  process.send(message, () => then?.())
}

/** A group of our own: whoever leads it takes everything in it along. */
const endGroup = (): void => {
  try {
    process.kill(-process.pid, "SIGKILL")
  } catch {
    process.exit(1)
  }
}

interface SpawnOptions {
  readonly detached?: boolean
}

/**
 * Tells the supervisor of every program that leads a group of its own, before anything else can happen: a handler may
 * block the event loop in its next statement, and the group would be out of reach.
 */
const reportGroups = (): void => {
  const { prototype } = ChildProcess
  const original: unknown = Reflect.get(prototype, "spawn")
  if (typeof original !== "function") throw new Error("this Node starts programs in a way that is not known here")
  Reflect.set(prototype, "spawn", function spawn(this: ChildProcess, options: SpawnOptions): unknown {
    const result: unknown = Reflect.apply(original, this, [options])
    if (options.detached === true && this.pid !== undefined) tell({ type: "group", pid: this.pid })
    return result
  })
}

/** Kinds of work that keep the event loop alive, with how often each does. */
const activeKinds = (): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

const drain_look_ms = 10
/** Sockets and timers of a library that has settled take a moment to go; that is no work of the handler. */
const settle_ms = 100

/** stdout, stderr and the channel themselves; a child process or a socket shows under a name of its own. */
const streams: ReadonlySet<string> = new Set(["PipeWrap", "TTYWrap"])

const makeDrain = (before: ReadonlyMap<string, number>) => {
  const extra = () =>
    [...activeKinds()]
      .filter(([kind, count]) => !streams.has(kind) && count > (before.get(kind) ?? 0))
      .map(([kind]) => kind)
  return (limit_ms: number) =>
    new Promise<ReadonlyArray<string>>((resolve) => {
      // The looks below must not count as work, so the channel keeps the process alive meanwhile.
      process.channel?.ref()
      // A turn of the loop lets go of what has ended already.
      setImmediate(() => {
        const began_ms = performance.now()
        const kinds = new Set<string>()
        const look = () => {
          const elapsed_ms = performance.now() - began_ms
          const left = extra()
          if (elapsed_ms >= settle_ms) for (const kind of left) kinds.add(kind)
          if (left.length === 0 || elapsed_ms >= limit_ms) resolve([...kinds])
          else setTimeout(look, drain_look_ms).unref()
        }
        look()
      })
    })
}

const makeStream = () => {
  let socket: Socket | undefined
  const open = () => {
    socket ??= new Socket({ fd: stream_fd, readable: false, writable: true })
    return socket
  }
  return {
    write: (chunk: string | Uint8Array) =>
      new Promise<void>((resolve, reject) => {
        open().write(chunk, (error) => (error === null || error === undefined ? resolve() : reject(error)))
      }),
    end: () =>
      new Promise<void>((resolve) => {
        if (socket === undefined || socket.destroyed) resolve()
        else socket.end(() => resolve())
      }),
  }
}

const start = async (app: Application, request: RunRequest): Promise<Performance> => {
  const command = catalogue(app).commands.get(request.path)
  if (command === undefined) throw new Error(`${request.path} is no command of this program`)
  if (request.development) {
    const { watchCalls } = await import("./UnboundedCalls.ts")
    watchCalls((text) => tell({ type: "warning", text }))
  }
  const stream = makeStream()
  const performance = perform(app, command, request, {
    tell,
    log: (line) => {
      try {
        writeSync(2, `${request.progress ? clear_line : ""}${line}\n`)
      } catch {
        // Nobody listens on stderr.
      }
    },
    stream: stream.write,
    now_ms: Date.now,
    env: process.env,
    drain: makeDrain(activeKinds()),
  })
  void performance.outcome.then(async (outcome) => {
    await stream.end()
    tell({ type: "end", outcome }, () => process.exit(0))
  })
  return performance
}

/** With a limit the supervisor ends a handler that never settles; without one only an idle event loop can tell. */
const watchForIdleness = (request: RunRequest, performance: Performance): void => {
  if (request.total_ms !== undefined) return
  process.channel?.unref()
  process.once("beforeExit", () => {
    process.channel?.ref()
    performance.fail(new Error("Nothing is left that could settle the handler."), "HANDLER_NEVER_SETTLED")
  })
}

/** Serves one run. Never settles: the process ends itself. */
export const runAsRunner = (app: Application): Promise<never> => {
  let performance: Performance | undefined
  watchParent(process.ppid)
  process.on("SIGTERM", () => undefined)
  process.on("SIGINT", () => undefined)
  process.on("SIGHUP", () => undefined)
  process.on("disconnect", endGroup)
  reportGroups()
  const fail = (thrown: unknown, code: string) => {
    if (performance === undefined) throw thrown
    performance.fail(thrown, code)
  }
  process.on("uncaughtException", (error: unknown) => fail(error, "UNHANDLED_EXCEPTION"))
  process.on("unhandledRejection", (reason) => fail(reason, "UNHANDLED_REJECTION"))
  const begin = async (request: RunRequest) => {
    performance = await start(app, request)
    const command = catalogue(app).commands.get(request.path)?.published
    if (command?.service !== true && command?.stream === undefined) watchForIdleness(request, performance)
  }
  process.on("message", (message: ToRunner) => {
    if (message.type === "start") return void begin(message.request)
    tell({ type: "stopping" })
    void performance?.stop(message.reason, message.grace_ms).then(() => tell({ type: "stopped" }))
  })
  tell({ type: "ready" })
  return new Promise<never>(() => undefined)
}
