/** Stores that are wrong on purpose, each in one way, and the law that was written against it. */
import type { MakePlace, Place } from "@waybill/conformance"
import { makeMemoryFiles, mapFiles } from "@waybill/host"
import { makeJsonlStore, makeMemoryStore } from "@waybill/ledger-store"
import type { NewRecord, Page, Session, Store, StoreError } from "@waybill/ledger"
import { Deferred, Effect, Semaphore } from "effect"
import { makeNaiveStore } from "./naiveStore.ts"

export interface Broken {
  readonly name: string
  readonly law: string
  readonly place: MakePlace
}

type Change = (inner: Store) => Partial<Store>

/** A store in memory, changed; `change` is called once for each place, `each` once for each opening. */
const memory = (change: Change, each: Change = () => ({})): MakePlace =>
  Effect.map(makeMemoryStore(), (inner): Place => {
    const changed: Store = { ...inner, ...change(inner) }
    return { open: Effect.sync(() => ({ ...changed, ...each(changed) })) }
  })

/** Changes what the holder of the right to append is given. */
const session =
  (change: (session: Session, inner: Store) => Partial<Session>): Change =>
  (inner) => ({ commit: (body) => inner.commit((given) => body({ ...given, ...change(given, inner) })) })

const lines = (rewrite: (line: string) => string): Change =>
  session(({ append }) => ({
    append: (batches) =>
      append(batches.map((batch) => batch.map(({ event, line }) => ({ event, line: rewrite(line) })))),
  }))

const pages =
  (change: (page: Page, position: number, limit: number) => Page): Change =>
  ({ readAfter }) => ({
    readAfter: (position, limit) => Effect.map(readAfter(position, limit), (page) => change(page, position, limit)),
  })

/** Whatever has just been appended is hidden from readers for a while, although what follows it is not. */
const uncommittedGaps: Change = (inner) => {
  const hidden = new Set<number>()
  const visible = (page: Page): Page => ({
    ...page,
    events: page.events.filter(({ position }) => !hidden.has(position)),
  })
  return {
    ...session(({ append }) => ({
      append: (batches) =>
        Effect.gen(function* () {
          const late = batches.flat().map(({ event }) => event.position)
          for (const position of late) if (position % 7 === 0) hidden.add(position)
          yield* append(batches)
          yield* Effect.forkDetach(
            Effect.andThen(
              Effect.sleep(8),
              Effect.sync(() => late.forEach((position) => hidden.delete(position))),
            ),
          )
        }),
    }))(inner),
    readAfter: (position, limit) => Effect.map(inner.readAfter(position, limit), visible),
  }
}

const copiesById: Change = (inner) => {
  const ids = new Set<string>()
  return session(({ append }) => ({
    append: (batches) => {
      const isNew = ({ event }: NewRecord) => !ids.has(event.event_id)
      const kept = batches.map((batch) => batch.filter(isNew))
      for (const { event } of kept.flat()) ids.add(event.event_id)
      return append(kept)
    },
  }))(inner)
}

/** Holds the lock, but tells what it saw before it waited for it. */
const snapshotBeforeLock: Change = (inner) => ({
  commit: (body) =>
    Effect.gen(function* () {
      const before = yield* inner.readAfter(0, 100_000)
      return yield* inner.commit((given) =>
        body({
          ...given,
          readAfter: (position, limit) => {
            const events = before.events.filter((event) => event.position > position).slice(0, limit)
            return Effect.succeed({ ...before, events, covers: events.at(-1)?.position ?? position })
          },
        }),
      )
    }),
})

const lockNeverGivenBack: Change = (inner) => {
  const lock = Semaphore.makeUnsafe(1)
  return {
    commit: (body) =>
      Effect.gen(function* () {
        yield* lock.take(1)
        const answer = yield* inner.commit(body)
        yield* lock.release(1)
        return answer
      }),
  }
}

/** Reads by a fiber that ends with the store's scope, as one that makes a connection does. */
const asksInItsScope: MakePlace = Effect.map(makeMemoryStore(), (inner): Place => ({
  open: Effect.map(Effect.scope, (scope) => ({
    ...inner,
    readAfter: (position, limit) =>
      Effect.gen(function* () {
        const answered = yield* Deferred.make<Page, StoreError>()
        const ask = Effect.flatMap(Effect.exit(inner.readAfter(position, limit)), (exit) =>
          Deferred.done(answered, exit),
        )
        yield* Effect.forkIn(ask, scope)
        return yield* Deferred.await(answered)
      }),
  })),
}))

/** Takes the head to stand where it stood when it was first looked at, unless something is to be recorded. */
const presumesToBeAlone: Change = (inner) => {
  let seen = 0
  return {
    commitOptimistically: (body) =>
      Effect.gen(function* () {
        let isRecording = false
        const commit = (isPresumed: boolean) =>
          inner.commit((given) => {
            const head = isPresumed ? seen : given.head
            const append: Session["append"] = (batches) => {
              isRecording = true
              seen = given.head + batches.flat().length
              return isPresumed ? Effect.void : given.append(batches)
            }
            return body({ ...given, head, append })
          })
        const presumed = yield* commit(true)
        return isRecording ? yield* commit(false) : presumed
      }),
  }
}

const readersWait: Change = (inner) => {
  const lock = Semaphore.makeUnsafe(1)
  return {
    commit: (body) => lock.withPermit(inner.commit(body)),
    readAfter: (position, limit) => lock.withPermit(inner.readAfter(position, limit)),
  }
}

const acknowledgesFirst: Change = (inner) =>
  session(() => ({
    append: (batches) =>
      Effect.asVoid(
        Effect.forkDetach(
          Effect.andThen(
            Effect.sleep(2),
            inner.commit(({ append }) => append(batches)),
          ),
        ),
      ),
  }))(inner)

/** Wakes at the next append only; what is already there is nobody's news. */
const nextAppendOnly: Change = (inner) => ({
  waitBeyond: () =>
    Effect.flatMap(inner.readAfter(0, 100_000), ({ events }) => inner.waitBeyond(events.at(-1)?.position ?? 0)),
})

/** Wakes for what was appended through the very same store. */
const ownAppendsOnly: Change = (inner) => {
  let wake: Array<() => void> = []
  return {
    ...session(({ append }) => ({
      append: (batches) =>
        Effect.andThen(
          append(batches),
          Effect.sync(() => {
            const waking = wake
            wake = []
            for (const each of waking) each()
          }),
        ),
    }))(inner),
    waitBeyond: () => Effect.callback<void>((resume) => void wake.push(() => resume(Effect.void))),
  }
}

const oneByOne: Change = session(({ append }) => ({
  append: (batches) =>
    Effect.forEach(batches.flat(), (record) => Effect.andThen(append([[record]]), Effect.sleep(1)), { discard: true }),
}))

const firstCheckpointStands: Change = (inner) =>
  session(({ saveCheckpoint }) => ({
    saveCheckpoint: (checkpoint) =>
      Effect.flatMap(inner.loadCheckpoint(checkpoint.name), (saved) =>
        saved === undefined ? saveCheckpoint(checkpoint) : Effect.void,
      ),
  }))(inner)

/** JSONL on a disk whose flushes do nothing. */
const withoutFlush: MakePlace = Effect.sync(() => {
  const { disk, layer } = makeMemoryFiles()
  const lazy = mapFiles(layer, (file) => ({ ...file, flush: Effect.void }))
  return { open: Effect.provide(makeJsonlStore({ root: "/r", poll_ms: 5 }), lazy), crash: Effect.sync(disk.crash) }
})

const prefixStreams: Change = (inner) => ({
  readStream: (jobId, position, limit) =>
    Effect.map(inner.readAfter(position, 100_000), (page) => ({
      ...page,
      events: page.events.filter(({ job_id }) => job_id.startsWith(jobId)).slice(0, limit),
    })),
})

export const brokenStores: ReadonlyArray<Broken> = [
  {
    name: "reads newest first",
    law: "STORE-01",
    place: memory(pages((page) => ({ ...page, events: page.events.toReversed() }))),
  },
  {
    name: "reads a page's own end again",
    law: "STORE-06",
    place: memory((inner) => ({
      readAfter: (position, limit) => inner.readAfter(Math.max(0, position - 1), limit),
    })),
  },
  {
    name: "says that a page covers everything",
    law: "STORE-06",
    place: memory(pages((page) => ({ ...page, covers: Number.MAX_SAFE_INTEGER }))),
  },
  { name: "finds a job by the beginning of its id", law: "STORE-07", place: memory(prefixStreams) },
  { name: "wakes followers for its own appends only", law: "STORE-08", place: memory(() => ({}), ownAppendsOnly) },
  {
    name: "takes no lock, so that positions are used again",
    law: "STORE-09",
    place: Effect.sync(() => {
      const store = makeNaiveStore()
      return { open: Effect.succeed(store) }
    }),
  },
  {
    name: "forgets who asked",
    law: "STORE-10",
    place: memory(lines((line) => line.replace(/"request_id":"[^"]*"/u, '"request_id":"unknown"'))),
  },
  { name: "drops U+0000", law: "STORE-11", place: memory(lines((line) => line.replaceAll("\\u0000", ""))) },
  {
    name: "writes numbers through another JSON",
    law: "STORE-12",
    place: memory(lines((line) => JSON.stringify(JSON.parse(line)))),
  },
  { name: "keeps the first checkpoint", law: "STORE-13", place: memory(firstCheckpointStands) },
  { name: "acknowledges before it writes", law: "STORE-14", place: memory(acknowledgesFirst) },
  { name: "reads past a fact that is not committed yet", law: "STORE-15", place: memory(uncommittedGaps) },
  { name: "writes a batch record by record", law: "STORE-16", place: memory(oneByOne) },
  { name: "takes a record for a copy by its id alone", law: "STORE-17", place: memory(copiesById) },
  {
    name: "writes at whatever position it is told",
    law: "STORE-18",
    place: Effect.sync(() => {
      const [store, lock] = [makeNaiveStore(), Semaphore.makeUnsafe(1)]
      return { open: Effect.succeed({ ...store, commit: (body) => lock.withPermit(store.commit(body)) }) }
    }),
  },
  { name: "reads the tail before it has the lock", law: "STORE-19", place: memory(snapshotBeforeLock) },
  { name: "keeps the lock when a commit fails", law: "STORE-20", place: memory(lockNeverGivenBack) },
  { name: "lets readers wait for writers", law: "STORE-21", place: memory(readersWait) },
  { name: "waits for the next append although there is more", law: "STORE-22", place: memory(nextAppendOnly) },
  { name: "acknowledges before the flush", law: "STORE-24", place: withoutFlush },
  { name: "decides upon the head as it was", law: "STORE-25", place: memory(() => ({}), presumesToBeAlone) },
  { name: "asks by fibers of the scope that closes", law: "STORE-26", place: asksInItsScope },
]
