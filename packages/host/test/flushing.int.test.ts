import { Effect } from "effect"
import { closeSync, fdatasync, mkdtempSync, openSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, it } from "vitest"
import { flushingOf, unknownPace } from "../src/nodeFlush.ts"

let folder: string
let fd: number
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "waybill-flushing-"))
  fd = openSync(join(folder, "file"), "w")
})
afterAll(() => {
  closeSync(fd)
  rmSync(folder, { recursive: true })
})

/** A file whose flushes take as long as they are told, whichever thread does them; answers how many another thread did. */
const timed = (isLocal = true) => {
  const state = { took_ms: 0, elsewhere: 0 }
  let at_ms = 0
  let isBegun = false
  const now_ms = () => {
    if (isBegun) at_ms += state.took_ms
    isBegun = !isBegun
    return at_ms
  }
  const datasync = async () => {
    state.elsewhere++
    await promisify(fdatasync)(fd)
  }
  const flushing = flushingOf({ fd, datasync }, "file", isLocal, now_ms)
  /** Whether another thread did it. */
  const flush = async (took_ms: number, bytes = 100) => {
    state.took_ms = took_ms
    const before = state.elsewhere
    flushing.wrote(bytes)
    await Effect.runPromise(flushing.flush)
    return state.elsewhere > before
  }
  return flush
}

it("a disk that answers at once is waited for; the first flush, and the one after a slow one, are another thread's", async () => {
  const flush = timed()
  expect(await flush(0.2)).toBe(true)
  expect(await flush(0.2)).toBe(false)
  // It stalls once, and holds up this thread once.
  expect(await flush(40)).toBe(false)
  expect(await flush(40)).toBe(true)
  expect(await flush(0.3)).toBe(true)
  expect(await flush(0.3)).toBe(false)
})

it("much that was written is never waited for, nor a disk of another machine", async () => {
  const flush = timed()
  await flush(0.1)
  expect(await flush(0.1, 65_537)).toBe(true)
  expect(await flush(0.1, 65_536)).toBe(false)

  const distant = timed(false)
  await distant(0.1)
  expect(await distant(0.1)).toBe(true)
})

it("what much that was written takes says nothing against a disk, unless it takes longer than so much should", async () => {
  const flush = timed()
  await flush(0.1)
  expect(await flush(4, 1_048_576)).toBe(true)
  expect(await flush(0.1)).toBe(false)
  expect(await flush(40, 1_048_576)).toBe(true)
  expect(await flush(0.1)).toBe(true)
})

it("what lies below one root shares what is known of its disk", async () => {
  const pace = unknownPace()
  let elsewhere = 0
  const one = (took_ms: number) => {
    let at_ms = 0
    let turn = 0
    const now_ms = () => (turn++ % 2 === 0 ? at_ms : (at_ms += took_ms))
    const datasync = async () => void elsewhere++
    return Effect.runPromise(flushingOf({ fd, datasync }, "file", true, now_ms, pace).flush)
  }
  await one(0.1)
  expect(elsewhere).toBe(1)
  // Another file, the first of its flushes: this thread's, since the disk is known to answer at once.
  await one(40)
  expect(elsewhere).toBe(1)
  await one(0.1)
  expect(elsewhere).toBe(2)
})

it("a closed file says so, whoever would have flushed it", async () => {
  const handle = { fd, datasync: () => promisify(fdatasync)(fd) }
  const { flush } = flushingOf(handle, "file", true, () => 0)
  await Effect.runPromise(flush)
  handle.fd = -1
  expect((await Effect.runPromise(Effect.flip(flush))).code).toBe("EBADF")
})
