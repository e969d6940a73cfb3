/** What somebody may do to a file between two steps, and what a disk may do in the next one. */
import type { Fault, FileOperation } from "@waybill/host"
import { type Bytes, type Gap, large, placesOf, small } from "./chain.ts"
import type { Scene } from "./Scene.ts"

/** What the table has to say besides. */
export interface Remark {
  /** Asked at the end: whether the next step did at all what was to fail. */
  readonly isApplied?: () => boolean
  /** What stood in for the real thing. */
  readonly note?: string
}

export interface Attack {
  readonly name: string
  /** Done at the gap. */
  readonly run: (scene: Scene, target: string, gap: Gap | "never", bytes: Bytes) => Remark | void
  /** What it is tried on where a single chunk would do for the gap. */
  readonly bytes?: Bytes
}

/** Of one chunk, except where something is to happen between two. */
export const bytesFor = (attack: Attack, gap: Gap): Bytes => attack.bytes ?? (gap === "leave" ? large : small)

const of = (name: string, run: (scene: Scene, target: string, bytes: Bytes) => void): Attack => ({
  name,
  run: (scene, target, _, bytes) => run(scene, target, bytes),
})

/** The next operation of this kind, on a place that is meant, fails like this. */
const failing = (
  name: string,
  operation: FileOperation,
  fault: Fault,
  isMeant: (path: string, target: string) => boolean = () => true,
): Attack => ({
  name,
  run: (scene, target) => {
    let isDone = false
    scene.plan = (happening, path) => {
      if (isDone || happening !== operation || !isMeant(path, target)) return undefined
      isDone = true
      return fault
    }
    return { isApplied: () => isDone }
  },
})

const isUnfinished = (path: string) => path.includes("/unfinished/") || path.includes("/.waybill-tmp-")
const isFile = (path: string) => /\/unfinished\/[^/]+\/\d+$|\/\.waybill-tmp-[^/]+$/u.test(path)

export const attacks: ReadonlyArray<Attack> = [
  of("one byte changed", (scene, at, { changed }) => scene.overwrite(at, changed)),
  of("grown", (scene, at, { content }) => scene.overwrite(at, Buffer.concat([content, Buffer.of(1)]))),
  of("cut short", (scene, at, { content }) => scene.overwrite(at, content.slice(0, -1))),
  of("emptied", (scene, at) => scene.overwrite(at, new Uint8Array())),
  of("other file in place", (scene, at, { changed }) => scene.plant(at, changed)),
  of("symbolic link", (scene, at, { content }) => scene.plant(at, "link", content)),
  of("link to other bytes", (scene, at, { changed }) => scene.plant(at, "link", changed)),
  of("hard link, same", (scene, at, { content }) => scene.plantSecondName(at, content)),
  of("hard link, others", (scene, at, { changed }) => scene.plantSecondName(at, changed)),
  of("given a second name", (scene, at) => scene.hardLink(at)),
  of("FIFO", (scene, at) => scene.plant(at, "fifo")),
  of("folder", (scene, at) => scene.plant(at, "directory")),
  of("parent made a link", (scene, at, { changed }) => scene.plantFolderLink(at, changed)),
  of("removed", (scene, at) => scene.remove(at)),
  of("parent removed", (scene, at) => scene.remove(at.slice(0, at.lastIndexOf("/")))),
  {
    name: "permissions gone",
    run: (scene, at, gap) => {
      // Whoever delivers it does not read it again.
      if (gap === "draft") return { isApplied: () => false }
      if (scene.forbid(at)) return {}
      let isDone = false
      scene.plan = (operation, path) => {
        if (isDone || operation !== "open" || path !== at) return undefined
        isDone = true
        return { kind: "fail", code: "EACCES" }
      }
      return { isApplied: () => isDone, note: "EACCES is injected: this process may do anything" }
    },
  },
  {
    name: "writer's descriptor",
    bytes: large,
    run: (scene, at, gap, { changed }) => {
      const write = scene.hold(at)
      // Between the first chunk and the last, which is the one that is changed.
      let reads = gap === "leave" ? 1 : 0
      scene.plan = (operation, path) => {
        if (operation === "read" && path === at && ++reads === 2) write(changed)
        return undefined
      }
    },
  },
  of("changed and restored", (scene, at, { changed, content }) => {
    scene.nextInstant()
    scene.overwrite(at, changed)
    scene.overwrite(at, content)
  }),
  of("the seal changed", (scene, _, bytes) => {
    const { changed } = bytes
    const { sealed } = placesOf(scene, bytes)
    if (scene.bytes(sealed) === undefined) scene.plant(sealed, changed)
    else scene.overwrite(sealed, changed)
  }),
  failing("disk full: making", "open", { kind: "fail", code: "ENOSPC" }, isUnfinished),
  failing("disk full: writing", "write", { kind: "fail", code: "ENOSPC" }, isUnfinished),
  failing("short write", "write", { kind: "short", code: "ENOSPC", bytes: 5 }, isUnfinished),
  failing("failed read", "read", { kind: "fail", code: "EIO" }),
  failing("failed flush", "flush", { kind: "fail", code: "EIO" }, isFile),
  failing("failed folder flush", "flush", { kind: "fail", code: "EIO" }, (path) => !isFile(path)),
  failing("failed rename", "rename", { kind: "fail", code: "EIO" }),
]
