/**
 * Whether what the author of a server added does what it is for: a law that rests on a hook that does nothing would pass.
 *
 * @module
 */
import { statSync } from "node:fs"
import { makeClient, NoAnswer } from "./Client.ts"
import type { Desk } from "./Desk.ts"
import { CannotRestart } from "./restartBy.ts"
import type { Target } from "./Target.ts"

/** There is no ledger at the path that was given. */
export class NoLedger extends Error {
  override readonly name = "NoLedger"
}

const poll_ms = 25
const asked_ms = 1_000

/** Whether nobody answers at the address any more. What only takes long is still there. */
export const isGone = async (url: string): Promise<boolean> => {
  const client = makeClient(() => url, undefined)
  try {
    const { status } = await client.ask("/v1/health", { deadline_ms: asked_ms })
    // A proxy answers for the server that it no longer reaches.
    return status === 502 || status === 503 || status === 504
  } catch (cause) {
    if (!(cause instanceof NoAnswer)) throw cause
    return !(cause.cause instanceof Error && cause.cause.name === "TimeoutError")
  } finally {
    client.close()
  }
}

const gone = async (url: string, within_ms: number): Promise<void> => {
  const until = performance.now() + within_ms
  while (!(await isGone(url))) {
    if (performance.now() > until)
      throw new CannotRestart(
        `${url} still answers after the restart command's step "kill": it must end the server's own process, not one that started it`,
        "kill",
      )
    await new Promise((resolve) => void setTimeout(resolve, poll_ms))
  }
}

/**
 * The target's restart, which fails unless the server is gone in between.
 *
 * @param urlNow where the server answers now
 * @param onUnusable hears of a restart that does not kill: nothing that rests on it is a verdict on the server
 */
export const killing =
  (
    restart: NonNullable<Target["restart"]>,
    urlNow: () => string,
    kill_ms: number,
    onUnusable: (error: CannotRestart) => void,
  ): NonNullable<Target["restart"]> =>
  async (meanwhile) => {
    let isKilled = false
    try {
      const started = await restart(async () => {
        await gone(urlNow(), kill_ms)
        isKilled = true
        await meanwhile?.()
      })
      if (!isKilled) throw new CannotRestart("the restart does not say when the server is down", "kill")
      return started
    } catch (error) {
      if (error instanceof CannotRestart && error.step === "kill") onUnusable(error)
      throw error
    }
  }

/**
 * Looks for the ledger's file, which a server has made at the latest when it has acknowledged something.
 *
 * @throws {NoLedger} when there is none, or something else than a file
 */
export const findLedger = (path: string): void => {
  const info = statSync(path, { throwIfNoEntry: false })
  if (info === undefined || !info.isFile())
    throw new NoLedger(
      `${path} is ${info === undefined ? "not there" : "no file"}: --ledger is the file that the server appends to`,
    )
}

/**
 * What the server answers to a submission where it does not take it; `undefined` where it does, and where nothing was heard, which the
 * laws will tell.
 */
export const refusalOf = async ({ fresh, post }: Pick<Desk, "fresh" | "post">): Promise<string | undefined> => {
  const answer = await post("/v1/jobs", { job_type: "eval.suite", job_id: fresh("restarted") }).catch(
    (cause: unknown) => {
      if (cause instanceof NoAnswer) return undefined
      throw cause
    },
  )
  if (answer === undefined || answer.status === 202) return undefined
  return `${answer.status} ${answer.text.slice(0, 300).trimEnd()}`
}
