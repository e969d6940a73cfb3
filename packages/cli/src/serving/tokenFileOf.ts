/**
 * Where the tokens of a server are.
 *
 * @module
 */
import type { Flag } from "@waybill/command-contract"
import { join } from "node:path"
import { fromHere, type Place } from "../Place.ts"

/** The flag of every command that needs a token. A token itself is never a word of a command: others can read those. */
export const token_flags = {
  "token-file": {
    type: "string",
    value_name: "FILE",
    pattern_type: "filepath",
    description:
      "File with the tokens; WAYBILL_TOKEN_FILE says the same; .agents/daemon/token of the root when left out",
  },
} as const satisfies Readonly<Record<string, Flag>>

/** The token file that is meant. */
export const tokenFileOf = (
  flags: { readonly "token-file"?: string | undefined },
  { root }: Pick<Place, "root">,
  env: Readonly<Record<string, string | undefined>>,
): string => {
  const named = flags["token-file"] ?? env["WAYBILL_TOKEN_FILE"] ?? ""
  return named === "" ? join(root, ".agents", "daemon", "token") : fromHere(named)
}
