/** What a caller may ask of every call: how far it is, how long it may take, and to end. */
import { getEventListeners } from "node:events"
import { describe, expect, it } from "vitest"
import { chunk_bytes } from "../src/index.ts"
import { everyCall, sceneFor } from "./support/everyCall.ts"

const content = Buffer.alloc(2 * chunk_bytes + 5, 7)
const far = [chunk_bytes, 2 * chunk_bytes, content.byteLength]

describe.each(everyCall)("$name", (call) => {
  it("tells how many bytes are done, once per chunk, and nothing where no bytes are moved", async () => {
    const scene = sceneFor(call, content)
    await scene.prepare()
    const told: Array<number> = []
    expect(await scene.run(undefined, { onProgress: (bytes) => told.push(bytes) })).toMatchObject({ _tag: "Success" })
    expect(told).toEqual(["workspace", "writeSeed", "candidate"].includes(call.name) ? [] : far)
  })

  it("is not begun where its signal is aborted already", async () => {
    const scene = sceneFor(call, content)
    await scene.prepare()
    let operations = 0
    const plan = () => {
      operations++
      return undefined
    }
    const result = await scene.run(plan, { signal: AbortSignal.abort() })
    expect(result).toMatchObject({ failure: { _tag: "Aborted", hop: call.hop } })
    expect(operations).toBe(0)
  })

  it("ends with its signal while the disk does not answer", async () => {
    const scene = sceneFor(call, content)
    await scene.prepare()
    const abort = new AbortController()
    const result = await scene.run(
      () => {
        abort.abort()
        return { kind: "hang" }
      },
      { signal: abort.signal },
    )
    expect(result).toMatchObject({ failure: { _tag: "Aborted", hop: call.hop } })
  })

  it("leaves nobody listening to a signal that outlives it, whether it succeeds or fails", async () => {
    const scene = sceneFor(call, content)
    await scene.prepare()
    const { signal } = new AbortController()
    await scene.run(undefined, { signal })
    await scene.run(() => ({ kind: "fail", code: "EIO" }), { signal })
    expect(getEventListeners(signal, "abort")).toEqual([])
  })

  it("ends at its deadline while the disk does not answer, and is refused with one that nobody can keep", async () => {
    const scene = sceneFor(call, content)
    await scene.prepare()
    expect(await scene.run(() => ({ kind: "hang" }), { deadline_ms: 1 })).toMatchObject({
      failure: { _tag: "DeadlineExceeded", hop: call.hop, deadline_ms: 1 },
    })
    expect(await scene.run(undefined, { deadline_ms: 0 })).toMatchObject({
      failure: { _tag: "DeadlineRefused", hop: call.hop, reason: "is 0 ms; it is more than 0" },
    })
  })
})
