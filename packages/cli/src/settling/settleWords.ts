/**
 * The words of a `settle` that asks for the same again.
 *
 * @module
 */
import type { Place } from "../Place.ts"
import type { SettleWords } from "./Declare.ts"

const flag = (name: string, value: string | number | undefined): ReadonlyArray<string> =>
  value === undefined ? [] : [`--${name}=${value}`]

/** Everything that was asked for, with its id and its place; the ledger's address is no word, for it may hold a password. */
export const settleWords = (words: SettleWords, runId: string, { root }: Place): ReadonlyArray<string> => [
  "settle",
  ...flag("run-id", runId),
  ...flag("root", root),
  ...flag("candidate", words.candidate),
  ...flag("schema-id", words["schema-id"]),
  ...flag("workspace", words.workspace),
  ...flag("json-schema", words["json-schema"]),
  ...flag("repair", words.repair),
  ...flag("max-attempts", words["max-attempts"]),
  ...flag("attempt-timeout", words["attempt-timeout"]),
  ...flag("verify-timeout", words["verify-timeout"]),
  ...flag("key", words.key),
  ...words.verify.flatMap((each) => flag("verify", each)),
  ...words.seed.flatMap((each) => flag("seed", each)),
  ...words.env.flatMap((each) => flag("env", each)),
  "--",
  ...words.agent,
]
