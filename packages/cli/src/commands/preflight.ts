/**
 * What `doctor` looks at.
 *
 * @module
 */
import { CommandError, type Preflight } from "@waybill/command"
import { accessSync, constants, existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { placeOf } from "../Place.ts"
import { node_major_min, refuseNode } from "../refuseNode.ts"

/** The folder, or what is there of the way to it. */
const nearestThere = (path: string): string => (existsSync(path) ? path : nearestThere(dirname(path)))

export const preflight: ReadonlyArray<Preflight> = [
  {
    name: "node",
    required: `>= ${node_major_min}`,
    fix: "Install a newer Node.",
    check: async () => {
      const { node } = process.versions
      if (refuseNode(node) !== undefined) throw new Error(`This is Node ${node}.`)
      return { version: node }
    },
  },
  {
    name: "root can be written",
    fix: "Choose another folder with --root.",
    check: async ({ env }) => {
      const { root } = placeOf({}, env)
      accessSync(nearestThere(join(root, ".agents")), constants.W_OK)
    },
  },
  {
    name: "ledger can be read and is sound",
    fix: "Correct what the error names; WAYBILL_LEDGER and WAYBILL_LEDGER_SCHEMA say which ledger is meant.",
    check: async (ctx) => {
      const { countDamages } = await import("../keeping/damage.ts")
      const count = await countDamages(placeOf({}, ctx.env), ctx.signal)
      if (count === 0) return
      throw new CommandError({
        exit: "GENERAL_ERROR",
        code: "LEDGER_DAMAGED",
        message: `${count} damages that nobody has acknowledged.`,
        fix_required: "waybill ledger verify",
      })
    },
  },
]
