/** Whose fault a refusal of the disk is before the bytes are stored. */
import { FileError } from "@waybill/host"
import { failures } from "@waybill/workspace-job"
import { expect, it } from "vitest"
import { failureOf, StorageFailed } from "../src/index.ts"

it.each([
  ["collect", "EACCES", "terminal_build_failed"],
  ["collect", "EPERM", "terminal_build_failed"],
  ["collect", "EIO", "terminal_read_failed"],
  ["build", "EACCES", "terminal_write_failed"],
  ["build", "ENOSPC", "terminal_write_failed"],
  ["readback", "EACCES", "terminal_read_failed"],
] as const)("%s, %s: %s", (hop, code, failure) => {
  const cause = new FileError({ operation: "open", path: "/data/x", code })
  expect(failureOf(new StorageFailed({ hop, cause }))).toBe(failures[failure])
})
