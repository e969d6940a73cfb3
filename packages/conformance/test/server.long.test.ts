import { findPostgres } from "@waybill/conformance/postgres-server"
import { expect, it } from "vitest"
import { needs } from "../../../test/support/needs.ts"
import { cleanRuns, type LedgerPlace } from "./support/cleanRuns.ts"

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise)
const [runs, at_once] = [number("CONFORMANCE_RUNS", 3), number("CONFORMANCE_AT_ONCE", 4)]
/** Runs on files and in a database have different seeds, so that together they draw more. */
const first_seed = number("CONFORMANCE_SEED", 1)

const areClean = async (where: LedgerPlace, seed: number): Promise<void> => {
  const say = (line: string): void => console.log(line)
  const done = await cleanRuns(where, { runs, at_once, first_seed: seed, say })
  expect(done.length).toBe(runs)
  expect(done.flatMap(({ flaws, seed: its }) => flaws.map((flaw) => `seed ${its}: ${flaw}`))).toEqual([])
}

const time_ms = (runs / at_once + 1) * 240_000

it(
  `our own server on files, killed, torn and damaged, holds level 4 at default settings: ${runs} runs`,
  () => areClean("files", first_seed),
  time_ms,
)

needs("PostgreSQL (initdb and postgres)", () => findPostgres() !== undefined)(it)(
  `our own server on PostgreSQL, killed, holds level 4 at default settings: ${runs} runs`,
  () => areClean("PostgreSQL", first_seed + runs),
  time_ms,
)
