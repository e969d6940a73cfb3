/**
 * Whether a file or folder that looks unchanged is unchanged.
 *
 * @module
 */
import type { FileInfo } from "@waybill/host"

/**
 * How old a change must be for the next one to show in the file's times: they are told in ticks of the kernel's clock, and
 * two changes of one tick look like one.
 */
const settled_ms = 2000

/** Whether every change from `now_ms` on will show in the file's times. */
export const hasSettled = ({ changed_ns }: FileInfo, now_ms: number): boolean =>
  now_ms - Number(changed_ns / 1_000_000n) > settled_ms
