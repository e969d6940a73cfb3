/**
 * The token file on disk (JobSpec v0 §6.5): who may read it, a first one where there is none, and tokens that change while
 * the server runs.
 *
 * @module
 */
import { NotRegularFile, readRegularFile } from "@waybill/host"
import { Effect, Result } from "effect"
import { stat } from "node:fs/promises"
import { BadTokenFile, type Credential, readTokenText } from "./Credentials.ts"
import { makeFile } from "./wholeFile.ts"

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : String(cause)

/** Reads a token file, following links. Refuses one that others may read. */
export const readTokenFile = async (path: string): Promise<Result.Result<ReadonlyArray<Credential>, BadTokenFile>> => {
  try {
    const info = await stat(path)
    if (!info.isFile()) throw new NotRegularFile(path)
    const { mode } = info
    if ((mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, "0")
      const reason = `daemon mutation token file mode is too permissive: ${path} has mode ${octal}`
      return Result.fail(new BadTokenFile({ reason }))
    }
    const text = readRegularFile(path).toString("utf8")
    if (text.trim() !== "") return readTokenText(text)
    const reason = `daemon mutation token is missing: ${path} is empty; delete it, and make a new one with: waybill token make`
    return Result.fail(new BadTokenFile({ reason }))
  } catch (cause) {
    if (cause instanceof NotRegularFile) return Result.fail(new BadTokenFile({ reason: cause.message }))
    return Result.fail(new BadTokenFile({ reason: `read mutation token file: ${path}: ${codeOf(cause)}` }))
  }
}

/**
 * Makes a file with a new token that only its owner may read, whole or not at all; answers whether it was made, `false` where there
 * is one. Rejects with `FileError` where the file system refuses, or is full.
 */
export const makeTokenFile = (path: string, token: string): Promise<boolean> => makeFile(path, `${token}\n`)

export interface Tokens {
  /** The credentials that count now. */
  readonly current: () => ReadonlyArray<Credential>
  /** Looks whether the file has changed. A file that cannot be used leaves what was; the answer says why, once. */
  readonly refresh: Effect.Effect<string | undefined>
}

/** The same tokens for ever. */
export const fixedTokens = (credentials: ReadonlyArray<Credential>): Tokens => ({
  current: () => credentials,
  refresh: Effect.succeed(undefined),
})

/** The tokens of a file; fails where it cannot be used at the start. */
export const tokensOf = (path: string): Effect.Effect<Tokens, BadTokenFile> =>
  Effect.gen(function* () {
    const mark = () =>
      stat(path).then(
        ({ ino, mode, mtimeMs, size }) => `${ino} ${mode} ${size} ${mtimeMs}`,
        (cause: unknown) => codeOf(cause),
      )
    let seen = yield* Effect.promise(mark)
    let credentials = yield* Effect.fromResult(yield* Effect.promise(() => readTokenFile(path)))
    return {
      current: () => credentials,
      refresh: Effect.promise(async () => {
        const now = await mark()
        if (now === seen) return undefined
        seen = now
        const read = await readTokenFile(path)
        if (Result.isFailure(read)) return `the tokens of before still count: ${read.failure.message}`
        credentials = read.success
        return "the tokens have changed"
      }),
    }
  })
