import { createHash, type Hash } from "node:crypto"
import fs from "node:fs"
import { dirname, join } from "node:path"

const chunk_bytes = 1_048_576

const flushFolder = (path: string): void => {
  const descriptor = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
  fs.fsyncSync(descriptor)
  fs.closeSync(descriptor)
}
const makeFolder = (path: string): void => {
  if (fs.existsSync(path)) return
  makeFolder(dirname(path))
  fs.mkdirSync(path)
  flushFolder(dirname(path))
}

/** Reads a file to its end, chunk by chunk. */
const read = (descriptor: number, buffer: Uint8Array, onChunk: (chunk: Uint8Array) => void): void => {
  for (let offset = 0; ;) {
    const got = fs.readSync(descriptor, buffer, 0, buffer.byteLength, offset)
    if (got === 0) return
    onChunk(buffer.subarray(0, got))
    offset += got
  }
}
const chunkDigest = (chunk: Uint8Array) => createHash("sha256").update(chunk).digest()

/** What is done besides at each hop, by whoever does more than the least. */
export interface Care {
  /** Before the file at `path` is opened, made or named. */
  readonly reach: (path: string) => void
  /** With a file that is open, before and after it is looked at. */
  readonly look: (descriptor: number) => void
  /** Around the copy that a verifier gets. */
  readonly hand: <A>(run: () => A) => A
  /** Before a delivery is begun, when its folder is there, and before it gets its name. */
  readonly judge: (folder: string) => void
}

const none: Care = { reach: () => undefined, look: () => undefined, hand: (run) => run(), judge: () => undefined }

/**
 * The least that moves a file all the way: the same copies, flushes and hashes as the data plane makes, with `node:crypto`
 * and synchronous calls. It compares nothing but digests, checks no path, and bears neither deadline nor abortion.
 */
export const bareWay = (candidate: string, root: string, care: Care = none): string => {
  const buffer = new Uint8Array(chunk_bytes)
  let count = 0
  makeFolder(join(root, "unfinished"))

  const copy = (from: string, to: string | undefined, hash: Hash): string => {
    const temporary = join(root, "unfinished", String(++count))
    care.reach(from)
    const source = fs.openSync(from, "r")
    const target = fs.openSync(temporary, "wx+", 0o600)
    care.look(source)
    care.look(target)
    read(source, buffer, (chunk) => {
      hash.update(chunk)
      fs.writeSync(target, chunk)
    })
    fs.closeSync(source)
    if (to === undefined) {
      fs.closeSync(target)
      return temporary
    }
    fs.fchmodSync(target, 0o400)
    fs.fdatasyncSync(target)
    makeFolder(dirname(to))
    care.reach(to)
    fs.renameSync(temporary, to)
    flushFolder(dirname(to))
    fs.closeSync(target)
    return to
  }
  const hashOf = (path: string): string => {
    care.reach(path)
    const descriptor = fs.openSync(path, "r")
    care.look(descriptor)
    const hash = createHash("sha256")
    read(descriptor, buffer, (chunk) => void hash.update(chunk))
    care.look(descriptor)
    fs.closeSync(descriptor)
    return hash.digest("hex")
  }
  const same = (...digests: ReadonlyArray<string>): string => {
    if (new Set(digests).size !== 1) throw new Error(`the digests differ: ${digests.join(", ")}`)
    return digests[0] ?? ""
  }
  const copied = (from: string, to: string): string => {
    const hash = createHash("sha256")
    copy(from, to, hash)
    return hash.digest("hex")
  }

  const [built, artifact, sealed] = [
    "staging/run/1/built",
    "artifacts/run/1/artifact",
    "sealed/sha256/aa/bb/digest",
  ].map((path) => join(root, path)) as [string, string, string]
  const digest = copied(candidate, built)
  same(digest, copied(built, artifact), hashOf(artifact), copied(artifact, sealed))

  const handing = createHash("sha256")
  care.hand(() => {
    const handed = copy(sealed, undefined, handing)
    same(digest, handing.digest("hex"), hashOf(handed), hashOf(sealed))
    fs.unlinkSync(handed)
  })

  // The delivery: whole and chunks, then each chunk again on its way out, then what the disk has of it.
  const delivered = join(root, "out", "artifact")
  care.judge(dirname(delivered))
  makeFolder(dirname(delivered))
  care.judge(dirname(delivered))
  care.reach(sealed)
  const source = fs.openSync(sealed, "r")
  const whole = createHash("sha256")
  const chunks: Array<Buffer> = []
  read(source, buffer, (chunk) => {
    whole.update(chunk)
    chunks.push(chunkDigest(chunk))
  })
  const temporary = join(root, "out", "temporary")
  const target = fs.openSync(temporary, "wx+", 0o600)
  let index = 0
  read(source, buffer, (chunk) => {
    if (chunks[index++]?.equals(chunkDigest(chunk)) !== true) throw new Error("a chunk differs")
    fs.writeSync(target, chunk)
  })
  fs.closeSync(source)
  fs.fdatasyncSync(target)
  same(digest, whole.digest("hex"), hashOf(temporary))
  care.judge(dirname(delivered))
  fs.renameSync(temporary, delivered)
  flushFolder(dirname(delivered))
  care.reach(delivered)
  fs.closeSync(target)
  return digest
}
