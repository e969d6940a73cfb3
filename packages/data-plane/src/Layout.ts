/**
 * Where things lie under the data plane's root.
 *
 *     workspaces/<run>/…                     the agent's; shared by all attempts of a job
 *     staging/<run>/<attempt>/built          what the builder returned
 *     artifacts/<run>/<attempt>/<path>       what was written, one location per attempt
 *     sealed/sha256/<aa>/<bb>/<digest>       read-only, by content
 *     unfinished/<lock domain>.<process>/…   what a process is making, and its verifiers' private copies
 *
 * @module
 */
import { createHash } from "node:crypto"

/** An attempt of a run. */
export interface AttemptKey {
  readonly runId: string
  /** Counted from 1. */
  readonly attempt: number
}

const plain = /^[a-z0-9_-]+$/u
const name_bytes_max = 128

/**
 * A folder name for any text: different texts never share one, not even where case is ignored. Everything but lower-case
 * letters, digits, `_` and `-` is percent-encoded; what gets too long is named by its digest, behind a `~`.
 */
export const folderName = (text: string): string => {
  const encoded = plain.test(text)
    ? text
    : [...new TextEncoder().encode(text)]
        .map((byte) => {
          const character = String.fromCharCode(byte)
          return plain.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`
        })
        .join("")
  return encoded !== "" && encoded.length <= name_bytes_max
    ? encoded
    : `~${createHash("sha256").update(text, "utf8").digest("hex")}`
}

/** The reference under which a fact names an artifact: derived from run, attempt and path, and from nothing a caller says. */
export const artifactRef = ({ attempt, runId }: AttemptKey, path: string): string => {
  const ref = `artifact:${folderName(runId)}:${attempt}:${encodeURIComponent(path)}`
  const ref_length_max = 1024
  return ref.length <= ref_length_max
    ? ref
    : `artifact:${folderName(runId)}:${attempt}:~${createHash("sha256").update(path, "utf8").digest("hex")}`
}

/** How many bytes of UTF-8 a host path may have: what the system takes, less the NUL behind it. */
const hostPath_bytes_max = process.platform === "linux" ? 4095 : 1023

/** Why a host path can be opened by nobody, or `undefined`. */
export const refuseHostPath = (path: string): string | undefined => {
  const bytes = Buffer.byteLength(path)
  return bytes <= hostPath_bytes_max
    ? undefined
    : `leads to a host path of ${bytes} bytes (${path.slice(0, 64)}…): this machine takes ${hostPath_bytes_max}`
}

/** The folders that are the data plane's own below its root. */
export const own_folders = ["workspaces", "staging", "artifacts", "sealed", "unfinished"] as const

export const sealedAt = (sha256: string): readonly [folders: ReadonlyArray<string>, name: string] => {
  const hex = sha256.slice("sha256:".length)
  return [["sealed", "sha256", hex.slice(0, 2), hex.slice(2, 4)], hex]
}

/** In a process's own folder: held for as long as it lives. */
export const lock_name = "lock"
/** In a process's own folder: where else it makes files. */
export const places_name = "places"

/** The name of a file that a process makes next to its place. */
export const temporaryName = (id: string, nth: number): string => `.waybill-tmp-${id}-${nth}`

/** The id of the process whose name for such a file this is; `undefined` for any other name. */
export const temporaryOf = (name: string): string | undefined => /^\.waybill-tmp-([0-9a-f]{32})-\d+$/u.exec(name)?.[1]
