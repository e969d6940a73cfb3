/**
 * Where files are made before they bear their name.
 *
 * A process makes its files in a folder of its own, `unfinished/<lock domain>.<id>`, and gives them their place by renaming.
 * It holds the lock of that folder for as long as it lives, and the kernel drops the lock when it dies, however it dies: so
 * whoever gets the lock knows that nobody is making anything there any more. No process id, clock or host name is asked.
 *
 * A file that must lie on another file system (a seed, a delivery) is made next to its place, under a name that starts with
 * the process's id; which folders these are is written down, in the process's own folder, before the first one is made.
 *
 * @module
 */
import { type Directory, type Entropy, FileError, type OpenFile } from "@waybill/host"
import { Effect, Exit, Scope, Semaphore } from "effect"
import { lock_name, places_name, temporaryName } from "../Layout.ts"
import { encodeElsewhere, type Elsewhere } from "./Elsewhere.ts"
import { remove } from "./remove.ts"

/** A file that has no place yet. It is gone with its scope unless it was renamed. */
export interface Draft {
  readonly file: OpenFile
  readonly directory: Directory
  readonly name: string
  /** Says that it was renamed. */
  readonly placed: () => void
}

export interface Unfinished {
  /** Makes a file on the file system of the data plane's root. */
  readonly file: (mode: number) => Effect.Effect<Draft, FileError, Scope.Scope>
  /** Makes a folder there; it goes with its scope, and whatever is in it. The segments lead to it from the root. */
  readonly folder: Effect.Effect<
    { readonly directory: Directory; readonly segments: ReadonlyArray<string> },
    FileError,
    Scope.Scope
  >
  /** Makes a file in a folder that may be on any file system, also where the data plane's root may only be read. */
  readonly fileIn: (
    directory: Directory,
    elsewhere: Elsewhere,
    mode: number,
  ) => Effect.Effect<Draft, FileError, Scope.Scope>
}

/** The folder of this process, as long as it is good. */
interface Own {
  readonly id: string
  /** The folder's name. */
  readonly name: string
  readonly directory: Directory
  readonly scope: Scope.Closeable
  /** The folders that were written down. */
  readonly known: Set<string>
  places: { readonly file: OpenFile; bytes: number } | undefined
}

/** How many folders are noted before what is noted is forgotten, at the next moment when none of them is needed. */
const known_max = 200
const tries_max = 100

const isMissing = (error: FileError): boolean => error.code === "ENOENT"

const isForbidden = ({ code }: FileError): boolean => code === "EACCES" || code === "EPERM" || code === "EROFS"

/** Takes a folder that nobody else has or had; `undefined` where somebody was faster. */
const take = (all: Directory, name: string) =>
  Effect.gen(function* () {
    const directory = yield* all.openDirectory(name, { create: true })
    const lock = yield* directory.lock(lock_name)
    if (!(yield* lock.tryAcquire)) return undefined
    // Between the making of the lock and its taking a sweep may have found it free: then its name is gone, for good.
    if ((yield* directory.list).join() !== lock_name) return undefined
    yield* directory.flush
    yield* Effect.addFinalizer(() =>
      Effect.ignore(
        Effect.gen(function* () {
          const names = yield* directory.list
          // What could not be taken away stays with its lock, for a sweep.
          if (names.some((left) => left !== lock_name && left !== places_name)) return
          for (const left of names) yield* directory.unlink(left)
          yield* all.remove(name)
        }),
      ),
    )
    return directory
  }).pipe(Effect.catchIf(isMissing, () => Effect.succeed(undefined)))

const acquire = (openAll: Effect.Effect<Directory, FileError, Scope.Scope>, entropy: Entropy["Service"]) =>
  Effect.gen(function* () {
    const all = yield* openAll
    const domain = yield* all.lockDomain
    for (let tries = 0; tries < tries_max; tries++) {
      const id = yield* entropy.hex(16)
      const name = `${domain}.${id}`
      const directory = yield* take(all, name)
      if (directory !== undefined) return { id, name, directory }
    }
    return yield* new FileError({ operation: "lock", path: all.path, code: "EBUSY" })
  })

/** Makes a file that is gone with its scope, unless it is said to bear another name. */
const draft = (directory: Directory, name: string, mode: number): Effect.Effect<Draft, FileError, Scope.Scope> =>
  Effect.suspend(() => {
    let isPlaced = false
    return Effect.acquireRelease(directory.openFile(name, { access: "write", create: "exclusive", mode }), () =>
      isPlaced ? Effect.void : Effect.ignore(directory.unlink(name)),
    ).pipe(Effect.map((file) => ({ file, directory, name, placed: () => void (isPlaced = true) })))
  })

/** Writes a folder down, durably, unless it stands there. */
const note = (own: Own, elsewhere: Elsewhere, mayForget: boolean): Effect.Effect<void, FileError> =>
  Effect.gen(function* () {
    const line = encodeElsewhere(elsewhere)
    if (mayForget && own.known.size >= known_max && own.places !== undefined) {
      yield* own.places.file.truncate(0)
      own.places.bytes = 0
      own.known.clear()
    }
    if (own.known.has(line)) return
    if (own.places === undefined) {
      const file = yield* Scope.provide(
        own.directory.openFile(places_name, { access: "write", create: "missing" }),
        own.scope,
      )
      yield* own.directory.flush
      own.places = { file, bytes: 0 }
    }
    const bytes = new TextEncoder().encode(line)
    yield* own.places.file.write(bytes, own.places.bytes)
    yield* own.places.file.flush
    own.places.bytes += bytes.byteLength
    own.known.add(line)
  }).pipe(Effect.uninterruptible)

/** Lasts as long as the scope. Makes nothing before the first file. */
export const makeUnfinished = (
  openAll: Effect.Effect<Directory, FileError, Scope.Scope>,
  entropy: Entropy["Service"],
): Effect.Effect<Unfinished, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const gate = yield* Semaphore.make(1)
    let current: Own | undefined
    let count = 0
    let elsewheres = 0

    const own: Effect.Effect<Own, FileError> = gate.withPermit(
      Effect.gen(function* () {
        if (current !== undefined) return current
        const inner = yield* Scope.fork(scope)
        const taken = yield* Scope.provide(acquire(openAll, entropy), inner).pipe(
          Effect.onExit((exit) => (Exit.isFailure(exit) ? Scope.close(inner, exit) : Effect.void)),
        )
        current = { ...taken, scope: inner, known: new Set(), places: undefined }
        return current
      }),
    )
    const forget = (gone: Own) =>
      Effect.suspend(() => {
        if (current !== gone) return Effect.void
        current = undefined
        return Scope.close(gone.scope, Exit.void)
      })
    /** Makes something in the process's own folder; in a new one where somebody has taken the folder away. */
    const inOwn = <A>(make: (own: Own) => Effect.Effect<A, FileError, Scope.Scope>) =>
      Effect.flatMap(own, (mine) =>
        Effect.catchIf(make(mine), isMissing, () => Effect.andThen(forget(mine), Effect.flatMap(own, make))),
      )

    return {
      file: (mode) => inOwn(({ directory }) => draft(directory, String(++count), mode)),
      folder: inOwn(({ directory, name: own }) => {
        const name = String(++count)
        return Effect.acquireRelease(directory.openDirectory(name, { create: true }), () =>
          Effect.ignore(remove(directory, name)),
        ).pipe(Effect.map((made) => ({ directory: made, segments: ["unfinished", own, name] })))
      }),
      fileIn: (directory, elsewhere, mode) =>
        Effect.gen(function* () {
          yield* Effect.acquireRelease(
            Effect.sync(() => void elsewheres++),
            () => Effect.sync(() => void elsewheres--),
          )
          const noted = inOwn((own) =>
            gate.withPermit(Effect.suspend(() => Effect.as(note(own, elsewhere, elsewheres === 1), own.id))),
          )
          // Where nothing can be made below the root nothing can be written down either: what a kill leaves stays there then.
          const id = yield* Effect.catchIf(noted, isForbidden, () => entropy.hex(16))
          return yield* draft(directory, temporaryName(id, ++count), mode)
        }),
    }
  })
