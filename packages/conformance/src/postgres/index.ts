export { findPostgres, packagedPostgres } from "./findPostgres.ts"
export { type PostgresServer, type PostgresServerOptions, startPostgres, type Stopping } from "./PostgresServer.ts"
