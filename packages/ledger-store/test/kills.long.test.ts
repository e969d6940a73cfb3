import { it } from "vitest"
import { killAndAudit } from "./support/kills.ts"
import { seedOfRun } from "./support/random.ts"

const seed = seedOfRun()
const kills = 10_000

it(
  `${kills} kills among 4 writers, with rotations and compressions, lose nothing that was acknowledged and double nothing (SEED=${seed})`,
  () => killAndAudit(kills, 4, seed),
  // A kill takes 0.1 s on four quiet cores, and several times as long on busy ones.
  4 * 3_600_000,
)
