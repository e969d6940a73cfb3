export * from "./Database.ts"
export { type DatabaseFault, type DatabaseFaultPlan, makeFaultyDatabase } from "./FaultyDatabase.ts"
export {
  makePostgresStore,
  makePostgresStoreOver,
  type PostgresStoreOptions,
  type PostgresStoreSettings,
} from "./PostgresStore.ts"
export { makeSqlPgDatabase, type SqlPgDatabaseOptions } from "./SqlPgDatabase.ts"
