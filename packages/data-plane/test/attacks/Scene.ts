/** A data plane on a disk of its own, and the hands of somebody who means it no good. */
import {
  type FaultPlan,
  Files,
  layerFaultyFiles,
  layerNodeEntropy,
  layerNodeFiles,
  makeMemoryFiles,
} from "@waybill/host"
import { Effect, Layer } from "effect"
import { execFileSync } from "node:child_process"
import fs from "node:fs"
import { dirname, join } from "node:path"
import { type DataPlane, layerDataPlane } from "../../src/index.ts"

export interface Scene {
  readonly kind: "real" | "simulated"
  readonly root: string
  readonly layer: Layer.Layer<DataPlane>
  /** Asked before each operation of the data plane; set it to interfere. */
  plan: FaultPlan
  /** The bytes under a name; `undefined` where there is no plain file. A link is followed. */
  readonly bytes: (path: string) => Uint8Array | undefined
  /** Changes a file in place. */
  readonly overwrite: (path: string, bytes: Uint8Array) => void
  /** Puts something in the place of whatever bears the name. A link leads to a file with these bytes. */
  readonly plant: (path: string, what: "link" | "fifo" | "directory" | Uint8Array, behind?: Uint8Array) => void
  /** Puts a second name of a file with these bytes in the place of whatever bears the name. */
  readonly plantSecondName: (path: string, bytes: Uint8Array) => void
  /** Puts a link in the place of a file's folder; behind it lies a file of the same name with these bytes. */
  readonly plantFolderLink: (path: string, behind: Uint8Array) => void
  /** Gives a file another name besides. */
  readonly hardLink: (path: string) => void
  readonly remove: (path: string) => void
  /** Opens a file for writing now; writes into it later, whatever bears its name by then. */
  readonly hold: (path: string) => (bytes: Uint8Array) => void
  /** Takes all permissions away. False where that hinders nobody, because this process may do anything. */
  readonly forbid: (path: string) => boolean
  /** Returns when a change would be told from one before it. */
  readonly nextInstant: () => void
  /** Every file below the root and at the destination, by path. */
  readonly files: () => ReadonlyArray<string>
  readonly close: () => void
}

const isRoot = process.getuid?.() === 0

const within = (files: Layer.Layer<Files>, root: string, scene: { readonly plan: FaultPlan }) =>
  layerDataPlane({ root }).pipe(
    Layer.provide(
      Layer.mergeAll(
        layerFaultyFiles(files, (...operation) => scene.plan(...operation)),
        layerNodeEntropy,
      ),
    ),
  )

export const realScene = (base: string): Scene => {
  const root = fs.mkdtempSync(join(base, "scene-"))
  const aside = fs.mkdtempSync(join(base, "aside-"))
  let count = 0
  const other = (bytes: Uint8Array) => {
    const path = join(aside, String(++count))
    fs.writeFileSync(path, bytes)
    return path
  }
  const away = (path: string) => fs.rmSync(path, { recursive: true, force: true })
  const scene: Scene = {
    kind: "real",
    root,
    plan: () => undefined,
    get layer() {
      return within(layerNodeFiles, root, scene)
    },
    bytes: (path) => (fs.statSync(path, { throwIfNoEntry: false })?.isFile() ? fs.readFileSync(path) : undefined),
    overwrite: (path, bytes) => {
      const { mode } = fs.statSync(path)
      fs.chmodSync(path, 0o600)
      fs.writeFileSync(path, bytes)
      fs.chmodSync(path, mode)
    },
    plant: (path, what, behind = new Uint8Array()) => {
      away(path)
      fs.mkdirSync(dirname(path), { recursive: true })
      if (what === "link") fs.symlinkSync(other(behind), path)
      else if (what === "fifo") execFileSync("mkfifo", [path])
      else if (what === "directory") fs.mkdirSync(path)
      else fs.writeFileSync(path, what)
    },
    plantSecondName: (path, bytes) => {
      away(path)
      fs.linkSync(other(bytes), path)
    },
    plantFolderLink: (path, behind) => {
      const folder = fs.mkdtempSync(join(aside, "folder-"))
      fs.writeFileSync(join(folder, path.slice(dirname(path).length + 1)), behind)
      fs.renameSync(dirname(path), join(aside, `moved-${++count}`))
      fs.symlinkSync(folder, dirname(path))
    },
    hardLink: (path) => fs.linkSync(path, join(aside, String(++count))),
    remove: away,
    hold: (path) => {
      const { mode } = fs.statSync(path)
      fs.chmodSync(path, 0o600)
      const descriptor = fs.openSync(path, "r+")
      fs.chmodSync(path, mode)
      return (bytes) => void fs.writeSync(descriptor, bytes, 0, bytes.byteLength, 0)
    },
    forbid: (path) => {
      fs.chmodSync(path, 0)
      return !isRoot
    },
    nextInstant: () => {
      const probe = other(new Uint8Array(1))
      const { ctimeNs } = fs.statSync(probe, { bigint: true })
      for (let mode = 0o600; fs.statSync(probe, { bigint: true }).ctimeNs === ctimeNs; mode ^= 0o100)
        fs.chmodSync(probe, mode)
    },
    files: () =>
      fs
        .readdirSync(root, { recursive: true, withFileTypes: true, encoding: "utf8" })
        .flatMap((entry) => (entry.isDirectory() ? [] : [join(entry.parentPath, entry.name)])),
    close: () => {
      for (const folder of [root, aside]) fs.rmSync(folder, { recursive: true, force: true })
    },
  }
  return scene
}

export const simulatedScene = (): Scene => {
  const { disk, layer } = makeMemoryFiles()
  let count = 0
  const scene: Scene = {
    kind: "simulated",
    root: "/data",
    plan: () => undefined,
    get layer() {
      return within(layer, "/data", scene)
    },
    bytes: disk.bytes,
    overwrite: disk.overwrite,
    plant: (path, what) => {
      const parent = Effect.flatMap(Files, (files) => files.openDirectory(dirname(path), { create: true }))
      Effect.runSync(Effect.provide(Effect.scoped(parent), layer))
      disk.plant(path, what)
    },
    plantSecondName: (path, bytes) => {
      disk.plant(path, bytes)
      disk.hardLink(path, `/second-${++count}`)
    },
    plantFolderLink: (path) => disk.plant(dirname(path), "link"),
    hardLink: (path) => disk.hardLink(path, `/second-${++count}`),
    remove: disk.remove,
    hold: (path) => (bytes) => disk.overwrite(path, bytes),
    forbid: (path) => {
      disk.overwrite(path, disk.bytes(path) ?? new Uint8Array())
      return false
    },
    nextInstant: () => {},
    files: () => disk.files("/data"),
    close: () => {},
  }
  return scene
}
