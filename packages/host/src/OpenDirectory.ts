import { type BigIntStats, constants, fstat, fsync, open, openSync, statfsSync } from "node:fs"
import { promisify } from "node:util"
import { OpenDescriptor } from "./OpenDescriptor.ts"

const openDescriptor = promisify(open)
const flushDescriptor = promisify(fsync)

/** File systems that one kernel alone writes to (Linux, `statfs`): ext, XFS, Btrfs, tmpfs, overlay, ZFS, F2FS, bcachefs. */
const local_types: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010, 0xca451a4e,
])

/** Whether a file system of this type (Linux, `statfs`) is written to by this machine's kernel alone. */
export const isLocalType = (type: number): boolean => process.platform === "linux" && local_types.has(type)

const flags = constants.O_RDONLY | constants.O_DIRECTORY

/**
 * A directory's descriptor. A bare one, because most of what a walk costs is opening and closing directories, and closing one
 * waits for no disk: it need not be sent to another thread.
 */
export class OpenDirectory extends OpenDescriptor {
  #isLocal: boolean | undefined

  /** Opens a directory; a link in its place is followed only where that is wanted. */
  static async open(path: string, options: { readonly followLink: boolean }): Promise<OpenDirectory> {
    return new OpenDirectory(await openDescriptor(path, options.followLink ? flags : flags | constants.O_NOFOLLOW))
  }

  /** The same at once, for one that is known to be local. */
  static openNow(path: string, options: { readonly followLink: boolean }): OpenDirectory {
    return new OpenDirectory(openSync(path, options.followLink ? flags : flags | constants.O_NOFOLLOW))
  }

  /**
   * Whether no other machine is asked when one of its entries is looked at. Then a look takes two microseconds, and handing
   * it to another thread takes fifty.
   */
  get isLocal(): boolean {
    this.#isLocal ??= this.isOpen && isLocalType(statfsSync(`/proc/self/fd/${this.descriptor}`).type)
    return this.#isLocal
  }

  flush(): Promise<void> {
    return this.use(flushDescriptor)
  }

  info(): Promise<BigIntStats> {
    return this.use(
      (descriptor) =>
        new Promise((done, fail) => {
          fstat(descriptor, { bigint: true }, (error, stats) => (error === null ? done(stats) : fail(error)))
        }),
    )
  }
}
