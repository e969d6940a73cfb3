/**
 * What is done to a ledger in a database where its files are not there to be looked at.
 *
 * @module
 */
import { CommandError } from "@waybill/command"
import { importToPostgres, makeSqlPgDatabase, verifyPostgres } from "@waybill/ledger-store/postgres"
import { Redacted, type Stream } from "effect"
import { commandLine, type Place } from "../Place.ts"

/** The schema, where one is named; else it is the usual one. */
const named = (schema: string | undefined): { readonly schema?: string } => (schema === undefined ? {} : { schema })

const databaseOf = (url: string) =>
  makeSqlPgDatabase({ url: Redacted.make(url), lock_wait_ms: 30_000, connect_wait_ms: 10_000 })

/** Checks every record; needs a place whose ledger is in a database. */
export const verifyThere = (url: string, schema: string | undefined) => verifyPostgres(databaseOf(url), named(schema))

/** Fills an empty ledger. */
export const importThere = <E, R>(url: string, schema: string | undefined, lines: Stream.Stream<Uint8Array, E, R>) =>
  importToPostgres(databaseOf(url), { lines, ...named(schema) })

/** Seals, and repairs that name what they sealed, are of files alone. */
export const refuseInDatabase = (place: Place, what: string): never => {
  throw new CommandError({
    exit: "PRECONDITION",
    code: "LEDGER_IN_DATABASE",
    message: `The ledger is in PostgreSQL, which keeps no chain of seals: ${what}.`,
    fix_required: `Check the ledger in the database with: ${commandLine(place, "ledger", "verify")}; for the one in files, unset WAYBILL_LEDGER and leave --ledger out.`,
  })
}
