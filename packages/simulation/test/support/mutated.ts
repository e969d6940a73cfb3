/** The simulation of a broken Waybill, as a process of its own: what it loads is changed for good. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const program = fileURLToPath(new URL("../../src/mutated.ts", import.meta.url))

export interface Found {
  readonly isApplied: boolean
  readonly seed?: number
  readonly laws?: ReadonlyArray<string>
}

export const findMutation = async (name: string, seeds_max: number): Promise<Found> => {
  const args = ["--conditions=@waybill/source", program, name, String(seeds_max)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout)
}
