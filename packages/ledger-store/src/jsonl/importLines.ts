/**
 * Filling an empty ledger with the lines of another one, byte by byte.
 *
 * @module
 */
import { FileError, type Files, type OpenFile } from "@waybill/host"
import { type StoreError, StoreFull, StoreRefused, StoreUnavailable } from "@waybill/ledger"
import { Data, Effect, Stream } from "effect"
import { makeAppending } from "./Appending.ts"
import { archivesAmong, ledger_name, seals_name } from "./Layout.ts"
import { makeLedgerFile } from "./LedgerFile.ts"
import { LineReader } from "./LineReader.ts"
import { makeLocking } from "./Locking.ts"
import { makeScanner } from "./Scanner.ts"

const draft_name = "import.tmp"
const lock_wait_ms = 30_000

/** A line that a ledger would not take; nothing was imported. */
export class ImportRefused extends Data.TaggedError("ImportRefused")<{
  /** Counted from 1, blank lines too. */
  readonly line_number: number
  readonly reason: string
}> {
  override get message(): string {
    return `line ${this.line_number}: ${this.reason}; nothing was imported`
  }
}

export interface ImportOptions<E, R> {
  readonly root: string
  /** The bytes of the lines, cut anywhere. */
  readonly lines: Stream.Stream<Uint8Array, E, R>
}

/** Writes the lines to a draft, each checked on the way. Answers how many records they are. */
const writeDraft = <E, R>(draft: OpenFile, lines: Stream.Stream<Uint8Array, E, R>) =>
  Effect.gen(function* () {
    const reader = new LineReader()
    let records = 0
    yield* draft.truncate(0)
    yield* Stream.runForEach(lines, (chunk) =>
      Effect.gen(function* () {
        const offset = reader.next
        for (const { content, line_number } of reader.push(chunk)) {
          if ("error" in content) return yield* new ImportRefused({ line_number, reason: content.error })
          records++
        }
        yield* draft.write(chunk, offset)
      }),
    )
    const [left] = reader.finish()
    if (left !== undefined && "error" in left.content)
      return yield* new ImportRefused({ line_number: left.line_number, reason: left.content.error })
    yield* draft.flush
    return records
  })

/**
 * Copies lines into the ledger of a root, which must not hold any records: foreign lines and our own never mix. The bytes
 * are kept as they are, and each line's position is its number, blank lines not counted. All or nothing, and sealed; answers how
 * many records there are.
 *
 * Fails with {@link ImportRefused} for a line that replay would refuse, and with `StoreRefused` for a ledger that is not
 * empty.
 */
export const importLines = <E, R>({
  lines,
  root,
}: ImportOptions<E, R>): Effect.Effect<number, E | ImportRefused | StoreError, R | Files> =>
  Effect.scoped(
    Effect.gen(function* () {
      const ledgerFile = yield* makeLedgerFile(root)
      const { where } = ledgerFile
      const scanner = yield* makeScanner(ledgerFile)
      const appender = makeAppending(ledgerFile, scanner, {
        rotate_bytes: Number.MAX_SAFE_INTEGER,
        onRotated: Effect.void,
      })
      const context = yield* Effect.context<R>()
      yield* Effect.addFinalizer(() => appender.close)
      const locked = makeLocking(ledgerFile, appender, lock_wait_ms)
      const imported = yield* locked(({ directory, info }) =>
        Effect.gen(function* () {
          const names = yield* directory.list
          const seals = yield* directory.find(seals_name)
          if (info.bytes > 0 || archivesAmong(names).length > 0 || seals !== undefined)
            return yield* new StoreRefused({
              where,
              reason: "it is not empty; lines are imported into an empty ledger only",
            })
          const draft = yield* directory.openFile(draft_name, { access: "write", create: "missing" })
          const records = yield* writeDraft(draft, lines).pipe(
            Effect.onError(() => Effect.ignore(directory.unlink(draft_name))),
          )
          yield* directory.rename(draft_name, ledger_name)
          yield* directory.flush
          return records
        }).pipe(
          Effect.scoped,
          Effect.catchIf(
            (error): error is FileError => error instanceof FileError,
            (cause) =>
              Effect.fail(
                cause.code === "ENOSPC" || cause.code === "EDQUOT"
                  ? new StoreFull({ where })
                  : new StoreUnavailable({ where, cause }),
              ),
          ),
          Effect.provide(context),
        ),
      )
      // The lines are there whether or not they can be sealed; the next append seals what is not.
      yield* Effect.ignore(
        locked((opened) =>
          Effect.andThen(
            appender.prepare(opened),
            Effect.suspend(() => appender.append(opened, [])),
          ),
        ),
      )
      return imported
    }),
  )
