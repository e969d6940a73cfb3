/**
 * What `doctor` looks at.
 *
 * @module
 */
import { CommandError, type Preflight } from "@waybill/command"
import { accessSync, constants, existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { commandLine, placeOf } from "../Place.ts"
import { node_major_min, refuseNode } from "../refuseNode.ts"

/** The folder, or what is there of the way to it. */
const nearestThere = (path: string): string => (existsSync(path) ? path : nearestThere(dirname(path)))

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
    advice: "Give this user the right to write there, or name another folder with --root where you call the command.",
    check: async ({ env }) => {
      const { root } = placeOf({}, env)
      accessSync(nearestThere(join(root, ".agents")), constants.W_OK)
    },
  },
  {
    name: "ledger can be read and is sound",
    advice: "Correct what the error names; WAYBILL_LEDGER and WAYBILL_LEDGER_SCHEMA say which ledger is meant.",
    check: async (ctx) => {
      const { countDamages } = await import("../keeping/damage.ts")
      const place = placeOf({}, ctx.env)
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
