import { checkServer, formatServerReport } from "@waybill/conformance"
import { expect, it } from "vitest"
import { withOwnProgram } from "./support/ownProgram.ts"

const runs = Number(process.env["CONFORMANCE_RUNS"] ?? 3)

it.each(Array.from({ length: runs }, (_, n) => n + 1))(
  "our own server on files, killed, torn and damaged, holds level 4 at default settings: run %i",
  (seed) =>
    withOwnProgram(async (target) => {
      const report = await checkServer(target, { level: 4, seed })
      expect(report.isKept, formatServerReport(report)).toBe(true)
      expect(
        report.laws.filter(({ verdict }) => verdict.status !== "pass").map(({ id, verdict }) => [id, verdict]),
      ).toEqual([])
    }),
)
