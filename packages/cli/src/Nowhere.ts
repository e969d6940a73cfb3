/**
 * Asking where there is nothing to be asked, and beginning where there was nothing.
 *
 * @module
 */
import { CommandError, type Context } from "@waybill/command"
import { existsSync } from "node:fs"
import type { Place } from "./Place.ts"

/** Refuses to read a place whose folder is not there: a mistyped --root is not a ledger without jobs. Throws `CommandError`. */
export const refuseNowhere = ({ root, url }: Place): void => {
  if (url !== undefined || existsSync(root)) return
  throw new CommandError({
    exit: "ARG_ERROR",
    code: "ROOT_NOT_FOUND",
    message: `There is no folder ${root}, and so no ledger in it.`,
    fix_required: "Name the project's folder with --root, or leave it out to use the nearest one that has a ledger.",
  })
}

/** Warns of a root that was named and is not there yet: writing makes it, also where it was mistyped. */
export const tellNewRoot = (
  flags: { readonly root?: string | undefined },
  { root, url }: Place,
  ctx: Pick<Context, "warn">,
): void => {
  if (flags.root === undefined || url !== undefined || existsSync(root)) return
  ctx.warn("NEW_ROOT", `the folder ${root} that --root names was not there: a new ledger begins in it`)
}
