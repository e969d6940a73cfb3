import { type Manifest, makeManifest, manifestCommands, manifestText } from "@waybill/command-contract"
import { createHash } from "node:crypto"
import { framework_version } from "./Version.ts"
import type { Registered } from "./Registered.ts"

/** The manifest of all commands, with its etag. */
export const manifestOf = (commands: ReadonlyMap<string, Registered>): Manifest => {
  const entries = manifestCommands([...commands.values()].map(({ published }) => published))
  const sha256 = createHash("sha256").update(manifestText(entries)).digest("hex")
  return makeManifest({ commands: entries, framework_version, sha256 })
}
