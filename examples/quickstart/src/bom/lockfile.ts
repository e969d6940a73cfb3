import { createHash } from "node:crypto"
import { Data, Result, Schema, SchemaIssue } from "effect"
import { type Hash, mergeHashes, readIntegrity } from "./integrity.ts"
import { label, purlOf } from "./purl.ts"

/** The lock file cannot be read: what is wrong, where in it, and what to do. */
export class LockUnreadable extends Data.TaggedError("LockUnreadable")<{
  readonly reason: string
  readonly where: string
  readonly remedy: string
}> {
  override get message(): string {
    return `The lock file cannot be read: ${this.where}: ${this.reason}. ${this.remedy}`
  }
}

/**
 * How a package is needed, in CycloneDX's words: `required` at run time, `optional` when the platform or the user
 * decides, `excluded` when it is there for development only.
 */
export type Scope = "required" | "optional" | "excluded"

/** One package of the lock: all copies with the same name and version together. */
export interface LockedPackage {
  /** The published name, scope included; of an alias, the name of what it stands for. */
  readonly name: string
  /** Absent only for a workspace member or linked folder whose package.json has none. */
  readonly version: string | undefined
  /** `pkg:npm/%40scope/name@version`. */
  readonly purl: string
  /** Keys of `packages` in the lock where it lies, sorted. */
  readonly paths: ReadonlyArray<string>
  /** The union over its copies; empty when the lock witnesses none. */
  readonly hashes: ReadonlyArray<Hash>
  readonly scope: Scope
  readonly license: string | undefined
  /** Only needed by development dependencies. */
  readonly dev: boolean
  /** Not installed where it does not fit or cannot be built. */
  readonly optional: boolean
  /** Brought in by a peer dependency only. */
  readonly peer: boolean
  /** Shipped inside the archive of another package. */
  readonly bundled: boolean
  /** A folder of this repository (a workspace member or `file:` link), not something from a registry. */
  readonly local: boolean
}

/** What a lock file says, in the terms of a bill of materials. */
export interface Lock {
  /** SHA-256 of the lock file's exact bytes, hexadecimal. */
  readonly sha256: string
  /** The application the lock belongs to. */
  readonly root: Pick<LockedPackage, "name" | "version" | "purl" | "license">
  /** Each name and version once; sorted by `name@version` in UTF-16 code units, the same in every locale. */
  readonly packages: ReadonlyArray<LockedPackage>
}

const Flag = Schema.optionalKey(Schema.Boolean)
const Text = Schema.optionalKey(Schema.NonEmptyString)

const Entry = Schema.Struct({
  name: Text,
  version: Text,
  integrity: Text,
  // Old packages carry licences that are no text; npm keeps them as they are, and they name nothing we could state.
  license: Schema.optionalKey(Schema.Unknown),
  link: Flag,
  dev: Flag,
  optional: Flag,
  devOptional: Flag,
  peer: Flag,
  inBundle: Flag,
})
type Entry = typeof Entry.Type

const LockFile = Schema.Struct({
  name: Text,
  version: Text,
  lockfileVersion: Schema.Int.check(
    Schema.makeFilter((version) => version === 3 || "only version 3 is understood, which npm 9 and newer write"),
  ),
  packages: Schema.Record(Schema.String, Entry),
})

const decodeLockFile = Schema.decodeUnknownResult(LockFile)
const toIssues = SchemaIssue.makeFormatterStandardSchemaV1()
const remedy = "Write it anew with: npm install --package-lock-only"

const readJson = (bytes: Uint8Array): Result.Result<unknown, LockUnreadable> =>
  Result.try({
    try: (): unknown => JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)),
    catch: (cause) =>
      new LockUnreadable({ where: "the whole file", reason: `not JSON in UTF-8 (${String(cause)})`, remedy }),
  })

const inModules = (path: string) => /(^|\/)node_modules\//.test(path)

/** `node_modules/a/node_modules/@s/b` → `@s/b`; `packages/@s/c` → `@s/c`; `packages/c` → `c`. */
const nameFromPath = (path: string): string => {
  if (inModules(path)) return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)
  return path
    .split("/")
    .slice(-2)
    .filter((segment, index, all) => index === all.length - 1 || segment.startsWith("@"))
    .join("/")
}

const scopeOf = (entry: Entry): Scope =>
  entry.dev === true ? "excluded" : entry.optional === true || entry.devOptional === true ? "optional" : "required"

const strictest: ReadonlyArray<Scope> = ["required", "optional", "excluded"]

const merge = (a: LockedPackage, b: LockedPackage): LockedPackage => ({
  ...a,
  paths: [...a.paths, ...b.paths].sort(),
  hashes: mergeHashes(a.hashes, b.hashes),
  scope: strictest.find((scope) => scope === a.scope || scope === b.scope) ?? a.scope,
  license: a.license ?? b.license,
  dev: a.dev && b.dev,
  optional: a.optional && b.optional,
  peer: a.peer && b.peer,
  bundled: a.bundled && b.bundled,
  local: a.local && b.local,
})

const readEntry = (path: string, entry: Entry): Result.Result<LockedPackage, LockUnreadable> =>
  Result.gen(function* () {
    const where = `packages["${path}"]`
    const name = entry.name ?? nameFromPath(path)
    const hashes =
      entry.integrity === undefined
        ? []
        : yield* Result.mapError(
            readIntegrity(entry.integrity),
            (reason) => new LockUnreadable({ where, reason, remedy }),
          )
    return {
      name,
      version: entry.version,
      purl: purlOf(name, entry.version),
      paths: [path],
      hashes: mergeHashes(hashes, []),
      scope: scopeOf(entry),
      license: typeof entry.license === "string" && entry.license.trim() !== "" ? entry.license : undefined,
      dev: entry.dev === true,
      optional: entry.optional === true || entry.devOptional === true,
      peer: entry.peer === true,
      bundled: entry.inBundle === true,
      local: !inModules(path),
    }
  })

/**
 * Reads an npm lock file (lockfileVersion 3) into the application it belongs to and its packages.
 *
 * - The entry `""` is the application: CycloneDX describes it as `metadata.component`, so it is no package.
 * - A link is no package either; its target has an entry of its own. Workspace members are such targets. They are
 *   packages (`local`) because the application is made of them: leaving them out would say that it is not, and the
 *   tools of the CycloneDX project list them too.
 * - Copies with the same name and version are one package. Where their integrities differ, every hash is kept:
 *   as in Subresource Integrity, any of them may match.
 *
 * Fails with {@link LockUnreadable}.
 *
 * @example
 * const lock = Result.getOrThrow(readLock(readFileSync("package-lock.json")))
 * lock.packages[0]?.purl // "pkg:npm/%40andrewbranch/untar.js@1.0.4"
 */
export const readLock = (bytes: Uint8Array): Result.Result<Lock, LockUnreadable> =>
  Result.gen(function* () {
    const file = yield* Result.mapError(decodeLockFile(yield* readJson(bytes)), (error) => {
      const first = toIssues(error.issue).issues[0]
      const path = (first?.path ?? []).map((key) => String(typeof key === "object" ? key.key : key)).join(".")
      return new LockUnreadable({ where: path === "" ? "the whole file" : path, reason: first?.message ?? "", remedy })
    })
    const rootEntry = file.packages[""]
    const rootName = rootEntry?.name ?? file.name
    if (rootName === undefined) {
      return yield* Result.fail(
        new LockUnreadable({
          where: `packages[""]`,
          reason: "the application has no name",
          remedy: `Give package.json a "name", then: npm install --package-lock-only`,
        }),
      )
    }
    const root = yield* readEntry("", {
      ...rootEntry,
      name: rootName,
      ...versionOf(rootEntry?.version ?? file.version),
    })
    const packages = new Map<string, LockedPackage>()
    for (const path of Object.keys(file.packages).sort()) {
      const entry = file.packages[path]
      if (path === "" || entry === undefined || entry.link === true) continue
      const found = yield* readEntry(path, entry)
      const key = label(found.name, found.version)
      const known = packages.get(key)
      packages.set(key, known === undefined ? found : merge(known, found))
    }
    return {
      sha256: createHash("sha256").update(bytes).digest("hex"),
      root,
      packages: [...packages.keys()].sort().flatMap((key) => packages.get(key) ?? []),
    }
  })

const versionOf = (version: string | undefined) => (version === undefined ? {} : { version })
