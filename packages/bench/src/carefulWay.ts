import fs from "node:fs"
import { dirname, join, relative } from "node:path"
import { bareWay, type Care } from "./bareWay.ts"

const folderFlags = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY

/**
 * The same way with the calls to the system that the data plane's promises need besides: every folder is opened below the one
 * before it, by its handle and through no link, and asked whether it is local; every file is looked at when it is opened and once it
 * is read; a verifier's copy has a folder of its own; a delivery's folder is compared with what is reserved, by whichever way it
 * is reached.
 */
export const carefulWay = (candidate: string, root: string): string => {
  const reach: Care["reach"] = (path) => {
    const descriptors = [fs.openSync(root, folderFlags)]
    for (const name of relative(root, dirname(path)).split("/")) {
      const above = descriptors.at(-1) ?? -1
      fs.statfsSync(`/proc/self/fd/${above}`)
      // The candidate lies elsewhere: as many folders are opened for it.
      const next = name === ".." || name === "" ? "." : name
      const at = `/proc/self/fd/${above}/${next}`
      if (fs.existsSync(at)) descriptors.push(fs.openSync(at, folderFlags | fs.constants.O_NOFOLLOW))
    }
    for (const descriptor of descriptors) fs.closeSync(descriptor)
  }
  const look: Care["look"] = (descriptor) => void fs.fstatSync(descriptor, { bigint: true })
  const placeOf = (path: string): string => {
    if (!fs.existsSync(path)) return placeOf(dirname(path))
    const descriptor = fs.openSync(path, folderFlags)
    const place = fs.readlinkSync(`/proc/self/fd/${descriptor}`)
    fs.closeSync(descriptor)
    return place
  }
  const judge: Care["judge"] = (folder) => {
    if (placeOf(folder) === join(placeOf(root), "sealed")) throw new Error(`${folder} is reserved`)
  }
  const hand: Care["hand"] = (run) => {
    const folder = join(root, "unfinished", "handed")
    fs.mkdirSync(folder)
    const above = fs.openSync(dirname(folder), folderFlags)
    fs.fsyncSync(above)
    fs.closeSync(above)
    const answer = run()
    fs.readdirSync(folder)
    fs.rmdirSync(folder)
    return answer
  }
  return bareWay(candidate, root, { reach, look, hand, judge })
}
