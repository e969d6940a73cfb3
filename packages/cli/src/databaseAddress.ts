/**
 * The driver of a ledger in a database, loaded only where there is one, and only for an address that says what was meant.
 *
 * @module
 */
import { CommandError } from "@waybill/command"

/** Rejects with `CommandError` where the address is none: no call under it comes to another end. */
export const driverFor = async (url: string) => {
  const driver = await import("@waybill/ledger-store/postgres")
  const { target } = driver.readAddress(url)
  if (!("refusal" in target)) return driver
  throw new CommandError({
    exit: "ARG_ERROR",
    code: "LEDGER_ADDRESS_REFUSED",
    message: `--ledger, or WAYBILL_LEDGER: ${target.refusal}.`,
    fix_required: "Correct the address as the message says.",
  })
}
