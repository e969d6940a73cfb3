/**
 * What `doctor` looks at.
 *
 * @module
 */
import { CommandError, type Preflight } from "@waybill/command"
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { commandLine, place_flags, placeIn } from "../Place.ts"
import { node_major_min, refuseNode } from "../refuseNode.ts"

/** The folder, or what is there of the way to it. */
const nearestThere = (path: string): string => (existsSync(path) ? path : nearestThere(dirname(path)))

export const preflight_flags = place_flags

/** More than a file system keeps beside a name, so that a disk without a free block is noticed. */
const probe_bytes = 65_536

/** Writes a small file, flushes it and removes it: rights alone say nothing of a disk that is full. */
const probe = async (folder: string): Promise<void> => {
  const { open, unlink } = await import("node:fs/promises")
  const path = join(folder, `.waybill-doctor-${crypto.randomUUID()}`)
  const file = await open(path, "wx", 0o600)
  try {
    await file.writeFile(Buffer.alloc(probe_bytes))
    await file.sync()
  } finally {
    await file.close()
    await unlink(path)
  }
}

export const preflight: ReadonlyArray<Preflight> = [
  {
    name: "node",
    required: `>= ${node_major_min}`,
    advice: `Install Node ${node_major_min} or newer.`,
    check: async () => {
      const { node } = process.versions
      if (refuseNode(node) !== undefined) throw new Error(`This is Node ${node}.`)
      return { version: node }
    },
  },
  {
    name: "root can be written",
    advice: "Give this user the right to write there, make room, or name another folder with --root.",
    check: async ({ env }, args) => {
      await probe(nearestThere(join(placeIn(args, env).root, ".agents")))
    },
  },
  {
    name: "ledger can be read and is sound",
    advice: "Correct what the error names; --root, --ledger and WAYBILL_LEDGER say which ledger is meant.",
    check: async (ctx, args) => {
      const { countDamages } = await import("../keeping/damage.ts")
      const place = placeIn(args, ctx.env)
      const count = await countDamages(place, ctx.signal)
      if (count === 0) return
      throw new CommandError({
        exit: "GENERAL_ERROR",
        code: "LEDGER_DAMAGED",
        message: `${count === 1 ? "1 damage" : `${count} damages`} that nobody has acknowledged.`,
        fix_required: commandLine(place, "ledger", "verify"),
      })
    },
  },
]
