/**
 * Repairing a ledger: nothing is rewritten. What is wrong is named in a fact, so that everybody knows that somebody has seen
 * to it; and where sealed bytes are gone, the rest is laid aside and the ledger goes on behind them.
 *
 * @module
 */
import type { Files } from "@waybill/host"
import {
  encodeLine,
  eventId,
  formatTime,
  type JsonObject,
  type NewRecord,
  type Origin,
  type RecordedEvent,
  type StoreError,
  StoreRefused,
} from "@waybill/ledger"
import { Clock, Effect, Result } from "effect"
import { acknowledge, ledger_job, repaired_type } from "./acknowledged.ts"
import { makeAppending } from "./Appending.ts"
import type { Flaw } from "./Flaw.ts"
import type { Finding } from "./History.ts"
import { ledger_name } from "./Layout.ts"
import { makeLedgerFile } from "./LedgerFile.ts"
import { makeLocking } from "./Locking.ts"
import { makeScanner } from "./Scanner.ts"
import { verifyLedger } from "./verify.ts"

/** How many flaws one fact names, and how many facts one repair writes; the next repair names the rest. */
const flaws_max = 1000
const facts_max = 4
const lock_wait_ms = 30_000

export interface Repair {
  /** The `ledger.repaired` fact, or the first of several; `undefined` when there was nothing to repair. */
  readonly fact: RecordedEvent | undefined
  /** What they acknowledge. */
  readonly flaws: ReadonlyArray<Flaw>
}

export interface RepairOptions extends Origin {
  readonly root: string
}

/** Why no fact can be made of it; also for who calls without a type checker. */
const whyNot = (now_ms: number, { actor, requestId }: Record<keyof Origin, unknown>): string | undefined => {
  const { _tag } = Result.try(() => formatTime(now_ms))
  if (_tag === "Failure") return `the clock says ${now_ms} ms, which is not in the years 0 to 9999: set it right`
  if (typeof actor !== "string" || actor.trim() === "") return "a repair needs an actor, which is a text"
  const isNamed = typeof requestId === "string" && /^\S+$/u.test(requestId)
  return isNamed ? undefined : "a repair needs a request_id, which is a text without white space"
}

/** Whether nothing may be appended because of it, and nobody has seen to it yet. */
const isBlocking = ({ blocks, isAcknowledged }: Finding) => blocks === true && isAcknowledged !== true

/**
 * What keeps everybody from appending is named in the very words it is refused with, also where a walk over all bytes found
 * others for it: so a repair lets appends go on. What is laid aside is cured by that.
 */
const unnamed = ({ error, file, positions }: Finding, flaws: ReadonlyArray<Flaw>): ReadonlyArray<Flaw> =>
  file === ledger_name || flaws.some((flaw) => flaw.file === file && flaw.error === error)
    ? []
    : [{ file, error, ...(positions === undefined ? {} : { positions }), digest: "" }]

const factOf = (flaws: ReadonlyArray<Flaw>, position: number, now_ms: number, origin: Origin): NewRecord => {
  const event: RecordedEvent = {
    position,
    schema_version: 1,
    event_id: eventId(repaired_type, ledger_job, position),
    request_id: origin.requestId,
    job_id: ledger_job,
    event_type: repaired_type,
    occurred_at: formatTime(now_ms),
    actor: origin.actor,
    payload: JSON.parse(JSON.stringify({ flaws })) as JsonObject,
  }
  return { event, line: encodeLine(event) }
}

/**
 * Verifies the ledger of a root under its lock, and acknowledges what is wrong with one `ledger.repaired` fact (job id
 * `ledger`) that names each flaw's place and the digest of what stands there. Damage stays where it is and goes on being
 * listed, as acknowledged; a change to it is a new flaw.
 *
 * Where the file that is appended to lacks sealed bytes, or is not the one that was sealed, it becomes an archive as it is,
 * and the next position is beyond any that could have been given: none is ever used twice.
 */
export const repairLedger = ({ actor, requestId, root }: RepairOptions): Effect.Effect<Repair, StoreError, Files> =>
  Effect.scoped(
    Effect.gen(function* () {
      const ledgerFile = yield* makeLedgerFile(root)
      const scanner = yield* makeScanner(ledgerFile)
      const appender = makeAppending(ledgerFile, scanner, {
        rotate_bytes: Number.MAX_SAFE_INTEGER,
        onRotated: Effect.void,
      })
      yield* Effect.addFinalizer(() => appender.close)
      if ((yield* ledgerFile.look) === undefined)
        return yield* new StoreRefused({ where: ledgerFile.where, reason: "there is no ledger to repair" })
      const now_ms = yield* Clock.currentTimeMillis
      const reason = whyNot(now_ms, { actor, requestId })
      if (reason !== undefined) return yield* new StoreRefused({ where: ledgerFile.where, reason })
      const files = yield* Effect.context<Files>()
      return yield* makeLocking(
        ledgerFile,
        appender,
        lock_wait_ms,
      )((opened) =>
        Effect.gen(function* () {
          yield* scanner.scanAll
          yield* acknowledge(scanner)
          const isLost = scanner.history.damage.some((finding) => isBlocking(finding) && finding.file === ledger_name)
          // First, so that what is named bears the name that it has from now on.
          const next = isLost ? yield* appender.layAside(opened) : opened
          const named: Array<Flaw> = []
          let first: RecordedEvent | undefined
          // Rows that are made again tell where the chain goes on otherwise than before; that is named too.
          for (let facts = 0; facts < facts_max; facts++) {
            yield* acknowledge(scanner)
            const blocked = scanner.history.damage.filter(isBlocking)
            const { flaws: all } = yield* Effect.provide(verifyLedger({ root }), files)
            const found = all.filter(({ isAcknowledged }) => isAcknowledged !== true)
            const flaws = [...blocked.flatMap((finding) => unnamed(finding, found)), ...found].slice(0, flaws_max)
            if (flaws.length === 0 && (blocked.length === 0 || first !== undefined)) break
            yield* appender.prepare(next, "whatever is wrong")
            const isMadeAgain = scanner.history.segments.some(({ count, sealed }) => sealed < count)
            const record = factOf(flaws, scanner.history.head + 1, now_ms, { actor, requestId })
            yield* appender.append(next, [[record]])
            first ??= record.event
            named.push(...flaws)
            if (!isMadeAgain) break
          }
          return { fact: first, flaws: named }
        }),
      )
    }),
  )
