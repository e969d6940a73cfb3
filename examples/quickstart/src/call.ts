/** Calls `waybill` as a shell would, without a process of its own. */
import { invoke } from "@waybill/command"
import type { RecordedEvent } from "@waybill/ledger"
import { waybill } from "waybill"

/** What a call printed; throws what it failed with. */
const printed = async (words: ReadonlyArray<string>): Promise<string> => {
  const { envelope, exit_code, stdout } = await invoke(waybill, words)
  if (exit_code === 0) return stdout
  const { code, detail, message } = envelope?.error ?? { message: stdout, code: `exit ${exit_code}` }
  throw new Error(`waybill ${words[0]}: ${message} (${code})${detail === undefined ? "" : ` ${String(detail)}`}`)
}

/** Every fact of a run: `waybill events --job RUN_ID`. */
export const eventsOf = async (runId: string, root: string): Promise<ReadonlyArray<RecordedEvent>> => {
  const lines = await printed(["events", "--job", runId, "--root", root])
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as RecordedEvent)
}

/** What a delivery proves. */
export interface Receipt {
  readonly sha256: string
  readonly bytes: number
}

/** Hands the verified bytes over: `waybill deliver RUN_ID --to FILE`. */
export const deliver = async (runId: string, file: string, root: string): Promise<Receipt> =>
  JSON.parse(await printed(["deliver", runId, "--to", file, "--root", root])) as Receipt
