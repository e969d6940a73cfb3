/**
 * Moving and hashing bytes of an open file, one chunk at a time: memory does not grow with the artifact.
 *
 * @module
 */
import { atOnce, type FileError, hasSucceeded, immediate, inTurn, type OpenFile } from "@waybill/host"
import { Effect, Exit, Fiber, Stream } from "effect"
import { createHash, type Hash, hash as hashOnce } from "node:crypto"
import { BytesDiffer, type Digest, type Hop, StorageFailed } from "./Errors.ts"
import { isUint8Array } from "node:util/types"

export const chunk_bytes = 1_048_576

/** Whether it is a `Uint8Array`, and no likeness of one, whose memory was not given away. Whatever it is, looking throws nothing. */
export const isBytes = (value: unknown): value is Uint8Array => {
  if (!isUint8Array(value)) return false
  try {
    return !(value.buffer instanceof ArrayBuffer && value.buffer.detached)
  } catch {
    return false
  }
}

/** A copy that shares no memory with its original. `slice` would not do: a `Buffer`'s is a view of the same memory. */
export const ownCopyOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes)

/** The SHA-256 of bytes in memory, in the form that facts have. */
export const sha256Of = (bytes: Uint8Array): string => `sha256:${hashOnce("sha256", bytes, "hex")}`

/** Hashes and counts what it is given. */
export const makeMeter = () => {
  let hash: Hash | undefined
  /** The digest of a first chunk that is the last too. */
  let only: string | undefined
  let bytes = 0
  return {
    /** `isLast` where nothing comes after it. */
    add: (chunk: Uint8Array, isLast = false): number => {
      if (isLast && bytes === 0) only = sha256Of(chunk)
      else (hash ??= createHash("sha256")).update(chunk)
      bytes += chunk.byteLength
      return bytes
    },
    /** The digest of all that was added; more can be added after it. */
    soFar: (): string => only ?? `sha256:${(hash ??= createHash("sha256")).copy().digest("hex")}`,
    digest: (): Digest => ({
      sha256: only ?? `sha256:${(hash ?? createHash("sha256")).digest("hex")}`,
      bytes,
    }),
  }
}

/** How much is asked for behind the end of a file: little enough for no other thread to be woken. */
const beyond_bytes = 4096

/**
 * Reads until `into` is full or the file ends: a read may come back short in the middle of a file. No more is asked for than what
 * a file of `file_bytes` bytes has, and what shows that it has no more, so that a small file is read at once.
 */
const fill = (
  file: OpenFile,
  into: Uint8Array,
  offset: number,
  file_bytes: number,
  before = 0,
): Effect.Effect<number, FileError> =>
  immediate(() => {
    for (let filled = before; filled < into.byteLength;) {
      const most = Math.max(file_bytes - offset - filled, 0) + beyond_bytes
      const reading = atOnce(file.read(into.subarray(filled, filled + most), offset + filled))
      if (!hasSucceeded(reading)) {
        const so = filled
        return Effect.flatMap(reading, (got) =>
          got === 0 ? Effect.succeed(so) : fill(file, into, offset, file_bytes, so + got),
        )
      }
      if (reading.value === 0) return Exit.succeed(filled)
      filled += reading.value
    }
    return Exit.succeed(into.byteLength)
  })

type OnChunk<E, R> = (chunk: Uint8Array, offset: number, isLast: boolean) => Effect.Effect<void, E, R>

/** Runs `meanwhile` while the disk works, and ends when both have. */
export const during = <E, R, A, E2, R2>(
  disk: Effect.Effect<void, E, R>,
  meanwhile: Effect.Effect<A, E2, R2>,
): Effect.Effect<A, E | E2, R | R2> =>
  Effect.suspend((): Effect.Effect<A, E | E2, R | R2> => {
    const begun = atOnce(disk)
    if (hasSucceeded(begun)) return meanwhile
    return Effect.flatMap(Effect.forkChild(begun, { startImmediately: true }), (working) =>
      Effect.flatMap(meanwhile, (answer) => Effect.as(Fiber.join(working), answer)),
    )
  })

/** Rooms that nobody uses. New ones would be given back by the collector alone, which is in no hurry. */
const free_rooms: Array<Uint8Array<ArrayBuffer>> = []
const free_rooms_max = 4

/** Room for a chunk. What is not filled of it is arbitrary and must not be shown to anybody. */
export const takeRoom = (): Uint8Array<ArrayBuffer> => free_rooms.pop() ?? Buffer.allocUnsafeSlow(chunk_bytes)

/** Only for a room that no read or write can be under way for: of those that were given up, one may be. */
export const giveBack = (...rooms: ReadonlyArray<Uint8Array<ArrayBuffer>>): void => {
  for (const room of rooms) if (free_rooms.length < free_rooms_max) free_rooms.push(room)
}

const handed_bytes_max = 16 * chunk_bytes
const weight_bytes = 48 * chunk_bytes
let handed_bytes = 0

/**
 * Memory for a chunk that others may keep: only the collector can tell when they are done with it. It waits until 64 MiB have come
 * together, all of them resident. So every 16 MiB it is shown 48 more that nobody has touched, which take no memory: it comes four
 * times as often, and of 1 GiB that is handed out half as much is resident at once.
 */
export const roomToKeep = (bytes: number): Uint8Array<ArrayBuffer> => {
  handed_bytes += bytes
  if (handed_bytes >= handed_bytes_max) {
    handed_bytes = 0
    try {
      new ArrayBuffer(weight_bytes).slice(0, 0)
    } catch {
      // Where there is no room even for what is never touched, the collector comes by itself.
    }
  }
  return new Uint8Array(bytes)
}

/** A copy for somebody who may keep it. */
export const copyToKeep = (chunk: Uint8Array): Uint8Array<ArrayBuffer> => {
  const copy = roomToKeep(chunk.byteLength)
  copy.set(chunk)
  return copy
}

/**
 * Hands every chunk of an open file to `onChunk` in order; the next one is read meanwhile. The chunk's memory is reused: copy
 * what must last. The last one is said to be the last where the file is as long as it was: its end was seen behind it.
 */
export const eachChunk = <E, R>(file: OpenFile, onChunk: OnChunk<E, R>): Effect.Effect<number, E | FileError, R> =>
  Effect.gen(function* () {
    const { bytes } = yield* atOnce(file.info)
    let [room, other] = [takeRoom(), takeRoom()]
    let offset = 0
    let filled = yield* atOnce(fill(file, room, 0, bytes))
    while (filled > 0) {
      const after = offset + filled
      let reading: Fiber.Fiber<number, FileError> | undefined
      let ahead = 0
      // A chunk that did not come full is the last: the end was seen behind it.
      if (filled === chunk_bytes) {
        const next = fill(file, other, after, bytes)
        if (after < bytes) reading = yield* Effect.forkChild(next, { startImmediately: true })
        else ahead = yield* atOnce(next)
      }
      yield* onChunk(room.subarray(0, filled), offset, reading === undefined && ahead === 0)
      offset = after
      filled = reading === undefined ? ahead : yield* Fiber.join(reading)
      ;[room, other] = [other, room]
    }
    giveBack(room, other)
    return offset
  })

type OnProgress = ((bytes: number) => void) | undefined

/** The digest of what is read now. */
export const digestOf = (file: OpenFile, onProgress?: OnProgress): Effect.Effect<Digest, FileError> =>
  Effect.suspend(() => {
    const meter = makeMeter()
    return Effect.map(
      eachChunk(file, (chunk, _, isLast) => {
        const bytes = meter.add(chunk, isLast)
        onProgress?.(bytes)
        return Effect.void
      }),
      meter.digest,
    )
  })

/** A digest, and those of the chunks, in order. */
export interface ChunkedDigest extends Digest {
  readonly chunks: ReadonlyArray<string>
}

/** The digests of what is read now. */
export const chunkedDigestOf = (file: OpenFile): Effect.Effect<ChunkedDigest, FileError> =>
  Effect.suspend(() => {
    const meter = makeMeter()
    const chunks: Array<string> = []
    return Effect.map(
      eachChunk(file, (chunk, _, isLast) => {
        meter.add(chunk, isLast)
        // The first chunk is all that there is so far; of most artifacts it is the only one.
        chunks.push(chunks.length === 0 ? meter.soFar() : sha256Of(chunk))
        return Effect.void
      }),
      () => ({ ...meter.digest(), chunks }),
    )
  })

/**
 * Copies a whole open file into another, and then does what `settle` says. The digests are of exactly what was handed to the system;
 * that of the last chunk is taken while it settles.
 */
export const copyInto = (
  from: OpenFile,
  to: OpenFile,
  settle: Effect.Effect<void, FileError>,
  onProgress?: OnProgress,
): Effect.Effect<Digest, FileError> =>
  Effect.suspend(() => {
    const meter = makeMeter()
    let isSettled = false
    const copied = eachChunk(from, (chunk, offset, isLast) => {
      isSettled = isLast
      const write = to.write(chunk, offset)
      return during(
        isLast ? inTurn([write], settle) : write,
        Effect.sync(() => {
          const bytes = meter.add(chunk, isLast)
          onProgress?.(bytes)
        }),
      )
    })
    return Effect.flatMap(copied, () => Effect.map(isSettled ? Effect.void : settle, meter.digest))
  })

/** The open file that a stream of ours reads. */
export interface Behind {
  readonly hop: Hop
  readonly file: OpenFile
}

const behind = new WeakMap<object, Behind>()

/** Where a stream is one of {@link streamOf}, just as it was handed out, the file itself can be read, with no memory for each chunk. */
export const fileBehind = (stream: object): Behind | undefined => behind.get(stream)

/** The bytes of an open file, as they are when they are read, each chunk in memory of its own. */
export const streamOf = (hop: Hop, file: OpenFile): Stream.Stream<Uint8Array, StorageFailed> => {
  const stream = Stream.unfold(0, (offset: number) =>
    Effect.gen(function* () {
      const buffer = roomToKeep(chunk_bytes)
      const filled = yield* atOnce(fill(file, buffer, offset, offset + chunk_bytes))
      return filled === 0 ? undefined : ([buffer.subarray(0, filled), offset + filled] as const)
    }),
  ).pipe(Stream.mapError((cause) => new StorageFailed({ hop, cause })))
  behind.set(stream, { hop, file })
  return stream
}

const compareChunk = (hop: Hop, whole: ChunkedDigest, index: number, chunk: Uint8Array) =>
  sha256Of(chunk) === whole.chunks[index]
    ? Effect.void
    : Effect.fail(
        new BytesDiffer({
          hop,
          expected: { sha256: whole.sha256, bytes: whole.bytes },
          actual: { bytes: index * chunk_bytes + chunk.byteLength },
        }),
      )

/** Hands over every chunk once it is compared with its digest. The chunk's memory is reused: copy what must last. */
export const eachCheckedChunk = <E, R>(
  hop: Hop,
  file: OpenFile,
  whole: ChunkedDigest,
  onChunk: (chunk: Uint8Array, offset: number) => Effect.Effect<void, E, R>,
): Effect.Effect<void, E | BytesDiffer | FileError, R> =>
  Effect.gen(function* () {
    const room = takeRoom()
    let offset = 0
    let filled = chunk_bytes
    // Nothing is read ahead: a chunk is as fresh as it can be when it is let go.
    for (let index = 0; filled === chunk_bytes; index++) {
      filled = yield* atOnce(fill(file, room, offset, whole.bytes))
      if (filled === 0) break
      const chunk = room.subarray(0, filled)
      yield* compareChunk(hop, whole, index, chunk)
      yield* onChunk(chunk, offset)
      offset += filled
    }
    giveBack(room)
    if (offset !== whole.bytes)
      return yield* new BytesDiffer({
        hop,
        expected: { sha256: whole.sha256, bytes: whole.bytes },
        actual: { bytes: offset },
      })
  })

/** The bytes of an open file, each chunk in memory of its own and compared with its digest before it is let go. */
export const checkedStreamOf = (
  hop: Hop,
  file: OpenFile,
  whole: ChunkedDigest,
): Stream.Stream<Uint8Array, StorageFailed | BytesDiffer> =>
  Stream.unfold(0, (index: number) =>
    Effect.gen(function* () {
      if (index === whole.chunks.length) return undefined
      const buffer = roomToKeep(chunk_bytes)
      const filled = yield* Effect.mapError(
        fill(file, buffer, index * chunk_bytes, whole.bytes),
        (cause) => new StorageFailed({ hop, cause }),
      )
      const chunk = buffer.subarray(0, filled)
      yield* compareChunk(hop, whole, index, chunk)
      return [chunk, index + 1] as const
    }),
  )
