/**
 * Every hop of the bytes under every attack. Whatever happens between two steps or in one, no verdict counts over other bytes
 * than were built, nothing else is delivered, and where it ends it ends in the failure that the catalogue has for it.
 */
import { failures } from "@waybill/workspace-job"
import fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { attacks, bytesFor } from "./attacks/attacks.ts"
import { digest, type Gap, gaps, runChain } from "./attacks/chain.ts"
import { realScene, simulatedScene } from "./attacks/Scene.ts"
import { legend, readTable, tableOf, wordOf } from "./attacks/table.ts"

const base = fs.mkdtempSync(join(tmpdir(), "waybill-attacks-"))
afterAll(() => fs.rmSync(base, { recursive: true, force: true }))

const expected = readTable(`
                     left  open  built write read  seal  judge verif leave draft
one byte changed     same  same  diff  diff  diff  diff  diff  diff  diff  diff
grown                same  same  diff  diff  diff  diff  diff  diff  diff  diff
cut short            same  same  diff  diff  diff  diff  diff  diff  diff  diff
emptied              same  same  diff  diff  diff  diff  diff  diff  diff  diff
other file in place  same  same  diff  diff  diff  diff  diff  diff  same  diff
symbolic link        path  same  path  path  path  gone  diff  gone  same  diff
link to other bytes  path  same  path  path  path  gone  diff  gone  same  diff
hard link, same      same  same  same  path  same  same  diff  same  same  diff
hard link, others    same  same  diff  diff  diff  diff  diff  diff  same  diff
given a second name  same  same  same  path  same  same  touch same  same  same
FIFO                 path  same  path  path  path  gone  diff  gone  same  diff
folder               path  same  path  path  path  gone  diff  gone  same  diff
parent made a link   path  same  path  path  path  gone  gone  gone  same  diff
removed              gone  same  gone  gone  gone  gone  gone  gone  same  disk
parent removed       gone  same  gone  gone  gone  gone  gone  gone  same  disk
permissions gone     disk  ·     disk  disk  disk  disk  touch disk  ·     ·
writer's descriptor  same  same  diff  diff  diff  diff  diff  diff  diff  same
changed and restored same  same  same  same  same  same  touch same  same  diff
the seal changed     same  same  same  same  same  diff  diff  diff  diff  same
disk full: making    ·     disk  disk  ·     disk  disk  disk  disk  ·     ·
disk full: writing   ·     disk  disk  ·     disk  disk  ·     disk  ·     ·
short write          ·     disk  disk  ·     disk  disk  ·     disk  ·     ·
failed read          ·     disk  disk  disk  disk  disk  disk  disk  disk  ·
failed flush         ·     disk  disk  ·     disk  ·     ·     disk  ·     ·
failed folder flush  ·     disk  disk  ·     disk  ·     ·     disk  ·     disk
failed rename        ·     disk  disk  ·     disk  ·     ·     disk  ·     ·
`)

/** The failure that ends an attempt whose step behind this gap went wrong like this. */
const codeOf = (gap: Gap, word: string, attack: string): string | undefined => {
  if (word === "same" || word === "·") return undefined
  if (word === "path") return failures.path_refused.code
  switch (gap) {
    case "left":
      return word === "gone" ? failures.candidate_missing.code : failures.terminal_build_failed.code
    case "open":
      // The disk's trouble is the disk's: what could not be read, or not be kept.
      return attack === "failed read" ? failures.terminal_read_failed.code : failures.terminal_write_failed.code
    case "built":
      return word === "disk" ? failures.terminal_write_failed.code : failures.artifact_changed.code
    case "write":
      return word === "diff" ? failures.readback_mismatch.code : failures.terminal_read_failed.code
    default:
      return word === "disk" ? failures.terminal_read_failed.code : failures.artifact_changed.code
  }
}

const scenes = [
  ["the real disk", () => realScene(base)],
  ["the simulated disk", simulatedScene],
] as const

// At once, because each waits for the disk most of the time.
describe.concurrent.each(scenes)("on %s", (disk, fresh) => {
  const found = new Map(attacks.map(({ name }) => [name, gaps.map(() => "?")] as const))
  const notes = new Set<string>()
  afterAll(() => {
    const rows = [...found].map(([name, words]) => [name, words] as const)
    console.log(
      [`What became of the bytes on ${disk}, by what happened once they were:`, tableOf(gaps, rows), legend]
        .concat([...notes])
        .join("\n"),
    )
  })

  describe.each(attacks)("$name", (attack) => {
    it.each(gaps)("%s", async (gap) => {
      const scene = fresh()
      const bytes = bytesFor(attack, gap)
      const { content } = bytes
      let isApplied = () => true
      const { built, code, delivered, error, judged, released } = await runChain(scene, gap, bytes, (target) => {
        const remark = attack.run(scene, target, gap, bytes)
        isApplied = remark?.isApplied ?? isApplied
        if (remark?.note !== undefined) notes.add(`${attack.name}: ${remark.note}`)
      })
      const word = isApplied() || error !== undefined ? wordOf(error) : "·"
      found.get(attack.name)?.splice(gaps.indexOf(gap), 1, word)

      // Whatever happened: no verdict over other bytes, no delivery of others, and nothing left half made.
      if (gap !== "left" && gap !== "open" && built !== undefined) expect(built.sha256).toBe(digest(content))
      if (judged !== undefined) expect(judged).toBe(built?.sha256)
      // What somebody puts in a draft's place is theirs, and gets no receipt.
      if (delivered !== undefined && (gap !== "draft" || error === undefined))
        expect(digest(delivered)).toBe(built?.sha256)
      if (error === undefined)
        expect(digest(gap === "draft" ? (delivered ?? Buffer.of()) : released)).toBe(built?.sha256)
      else if (gap === "draft") expect(released.byteLength).toBe(0)
      else if (gap === "leave") expect(Buffer.compare(released, content.subarray(0, released.byteLength))).toBe(0)
      else if (gap !== "verif") expect([released.byteLength, delivered]).toEqual([0, undefined])
      // Behind a link in the folder's place lies what its maker put there.
      const isLinked = gap === "draft" && attack.name === "parent made a link"
      const half = isLinked ? /unfinished/u : /unfinished|waybill-tmp/u
      expect(scene.files().filter((path) => half.test(path))).toEqual([])
      scene.close()

      expect(word).toBe(expected.get(attack.name)?.[gaps.indexOf(gap)])
      expect(code).toBe(codeOf(gap, word, attack.name))
    })
  })
})
