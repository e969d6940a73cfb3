/**
 * Run by itself, as a process of its own (`node --conditions=@waybill/source`): one run of the whole kit at default settings against our
 * own server. Its words are a seed and, for a ledger in a database, the database's address and a schema. Prints the report as JSON.
 */
import { checkServer, reportJson } from "@waybill/conformance"
import { withOwnProgram } from "./ownProgram.ts"

const [seed = "1", url, schema] = process.argv.slice(2)
const database = url === undefined || schema === undefined ? undefined : { url, schema }

await withOwnProgram(async (target) => {
  process.stdout.write(reportJson(await checkServer(target, { level: 4, seed: Number(seed) })))
}, database)
