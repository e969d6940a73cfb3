/**
 * A path of the user's that leads to something else than a file.
 *
 * @module
 */
import { CommandError } from "@waybill/command"
import { NotRegularFile } from "@waybill/host"
import { statSync } from "node:fs"

const refusal = (option: string, cause: NotRegularFile): CommandError =>
  new CommandError({
    exit: "ARG_ERROR",
    code: "NOT_A_REGULAR_FILE",
    message: `${option}: ${cause.message}.`,
    fix_required: "Name a file; put what comes out of a pipe into one first.",
    cause,
  })

/** Whether what was thrown says that nothing is at a path. */
export const isGone = (cause: unknown): cause is Error & { readonly path: string } =>
  cause instanceof Error &&
  "code" in cause &&
  cause.code === "ENOENT" &&
  "path" in cause &&
  typeof cause.path === "string"

/** The refusal, where this is the reason; otherwise nothing. */
export const irregular = (option: string, cause: unknown): CommandError | undefined =>
  cause instanceof NotRegularFile ? refusal(option, cause) : undefined

/** Refuses a path where something else than a file is. Whether a file can be read or made there is not asked. */
export const refuseIrregular = (option: string, path: string): void => {
  const info = statSync(path, { throwIfNoEntry: false })
  if (info !== undefined && !info.isFile()) throw refusal(option, new NotRegularFile(path))
}
