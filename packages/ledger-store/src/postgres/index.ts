export { type Address, readAddress } from "./address.ts"
export * from "./Database.ts"
export { type DatabaseFault, type DatabaseFaultPlan, makeFaultyDatabase } from "./FaultyDatabase.ts"
export { importToPostgres, type PostgresImportOptions } from "./importPostgres.ts"
export {
  makePostgresStore,
  makePostgresStoreOver,
  type PostgresStoreOptions,
  type PostgresStoreSettings,
} from "./PostgresStore.ts"
export { makeSqlPgDatabase, type SqlPgDatabaseOptions } from "./SqlPgDatabase.ts"
export { type PostgresFlaw, type PostgresVerification, verifyPostgres } from "./verifyPostgres.ts"
