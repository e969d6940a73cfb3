import { type Manifest, makeManifest, manifestCommands, manifestText } from "@waybill/command-contract"
import { framework_version } from "./Version.ts"
import type { Registered } from "./Registered.ts"

/** The manifest of all commands, with its etag. */
export const manifestOf = (commands: ReadonlyMap<string, Registered>): Manifest => {
  const entries = manifestCommands([...commands.values()].map(({ published }) => published))
  // Loaded when it is needed: hashing is a fifth of a start, and a start that shows no manifest needs none.
  const { createHash } = process.getBuiltinModule("node:crypto")
  const sha256 = createHash("sha256").update(manifestText(entries)).digest("hex")
  return makeManifest({ commands: entries, framework_version, sha256 })
}
