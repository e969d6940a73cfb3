/**
 * Where a delivery may go: to a name that is free or a regular file's, and to no place that the record itself lives in.
 *
 * @module
 */
import { atOnce, type Directory, type FileError, type FileKind, type Files } from "@waybill/host"
import { Effect, type Scope } from "effect"
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path"
import { DestinationRefused, StorageFailed } from "../Errors.ts"

/** A folder that takes the file, and the name it gets there. */
export interface Target {
  readonly directory: Directory
  readonly name: string
  /**
   * Refuses once the opened folder lies in a reserved one: somebody may have put a link in its way while it was looked for, or
   * have moved it since.
   */
  readonly checkPlace: Effect.Effect<void, DestinationRefused | FileError>
  /** The same folder, looked for anew by its path. */
  readonly reopen: Effect.Effect<Directory, FileError, Scope.Scope>
}

/** A folder that nothing is delivered into, or some folders right below it, none of which is ever reached through a link. */
export interface Reserved {
  readonly folder: string
  /** The names of those below it; `.` is the folder itself. */
  readonly below: ReadonlyArray<string>
}

const isWithin = (folder: string, path: string): boolean => {
  const way = relative(folder, path)
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way)
}

const inPlaceOf: Record<Exclude<FileKind, "file">, string> = {
  directory: "is a folder; name a file in it",
  link: "is a symbolic link; name the file that is meant",
  other: "is a device, a pipe or a socket; only a regular file is replaced",
}

/** Opens the folder, or the nearest above it that is there. */
const openNearest = (
  files: Files["Service"],
  path: string,
): Effect.Effect<readonly [directory: Directory, path: string], FileError, Scope.Scope> =>
  files.openDirectory(path).pipe(
    Effect.map((directory) => [directory, path] as const),
    Effect.catch((error) => {
      const parent = dirname(path)
      return error.code === "ENOENT" && parent !== path ? openNearest(files, parent) : Effect.fail(error)
    }),
  )

/** Where a path leads with every link resolved, also when its last folders are not there yet. */
const placeOf = (files: Files["Service"], path: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const [directory, found] = yield* openNearest(files, path)
      return join(yield* directory.realPath, relative(found, path))
    }),
  )

/**
 * Opens the folder of a delivery, making what is not there. Refused, and nothing is made: a text that names no file, a name
 * that something else than a regular file bears, and a place in one of the `reserved` folders, by whichever way it is reached.
 */
export const openTarget = (
  files: Files["Service"],
  file: string,
  reserved: ReadonlyArray<Reserved>,
): Effect.Effect<Target, DestinationRefused | StorageFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const refuse = (reason: string) => new DestinationRefused({ path: file, reason })
    if (typeof file !== "string" || file === "") return yield* refuse("names no file")
    if (file.includes("\0") || !file.isWellFormed())
      return yield* refuse("is no path: it holds a NUL or half a character")
    if (/(^|\/)\.{0,2}$/u.test(file)) return yield* refuse(inPlaceOf.directory)
    const path = resolve(file)
    const [folder, name] = [dirname(path), basename(path)]
    const refuseReserved = (findPlace: Effect.Effect<string, FileError>) =>
      Effect.gen(function* () {
        const place = join(yield* findPlace, name)
        for (const { folder, below } of reserved) {
          const named = resolve(folder)
          // A reserved folder that cannot be looked at is compared by its name.
          const real = yield* Effect.catch(placeOf(files, named), () => Effect.succeed(named))
          for (const own of below)
            if (isWithin(join(named, own), path) || isWithin(join(real, own), place))
              return yield* refuse(`lies in ${join(folder, own)}, which is Waybill's own; name a file outside of it`)
        }
      })
    yield* refuseReserved(placeOf(files, folder))
    const directory = yield* files.openDirectory(folder, { create: true })
    const checkPlace = refuseReserved(directory.realPath)
    yield* checkPlace
    const there = yield* atOnce(directory.find(name))
    const kind = there?.kind ?? "file"
    if (kind !== "file") return yield* refuse(inPlaceOf[kind])
    return { directory, name, checkPlace, reopen: files.openDirectory(folder) }
  }).pipe(
    Effect.catchTag("FileError", (cause) =>
      Effect.fail(
        cause.code === "ENOTDIR" || cause.code === "EEXIST"
          ? new DestinationRefused({ path: file, reason: "leads through something that is no folder" })
          : new StorageFailed({ hop: "deliver", cause }),
      ),
    ),
  )
