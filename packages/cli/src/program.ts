/**
 * The program, started.
 *
 * @module
 */
import { main } from "@waybill/command"
import { waybill } from "./app.ts"

export const start = (): Promise<void> => main(waybill)
