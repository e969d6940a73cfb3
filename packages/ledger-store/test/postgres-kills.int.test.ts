import { it } from "vitest"
import { needsPostgres, usePostgres } from "./support/postgres.ts"
import { killAndAudit } from "./support/postgresKills.ts"
import { seedOfRun } from "./support/random.ts"

const postgres = usePostgres()
const seed = seedOfRun()

needsPostgres(it)(
  `12 processes killed while they append to PostgreSQL lose nothing that was acknowledged and double nothing (SEED=${seed})`,
  () => killAndAudit(postgres, 12, 4, seed),
  120_000,
)
