import { checkServer, formatReport } from "@waybill/conformance"
import { expect, it } from "vitest"
import { token, withOwnServer } from "./support/ownServer.ts"

it("our own server keeps every law that applies", () =>
  withOwnServer(
    async (url) => {
      const report = await checkServer({ url, token }, { seed: 7, time_ms: 20_000 })
      const broken = report.laws.filter(({ verdict }) => verdict.status === "fail")
      expect(
        formatReport({ subject: url, laws: broken, isKept: false }),
        broken.flatMap(({ requests }) => requests).join("\n"),
      ).toBe(`${url}\n0 laws: 0 pass, 0 fail, 0 not applicable`)
    },
    { hasFailpoints: true },
  ))
