import { describe } from "vitest"
import { usePostgres } from "./support/postgres.ts"
import { testWays } from "./support/postgresFaults.ts"

describe("whatever single operation fails", () => {
  testWays(usePostgres({ auth: "trust" }), [
    { name: "the connection is cut", fault: { kind: "cut" }, times: 1, hasRival: false, isNoticed: false },
    { name: "an answer is lost", fault: { kind: "cutAfter" }, times: 1, hasRival: false, isNoticed: false },
    {
      name: "a serialization failure",
      fault: { kind: "refuse", code: "40001" },
      times: 1,
      hasRival: false,
      isNoticed: false,
    },
    { name: "the disk is full", fault: { kind: "refuse", code: "53100" }, times: 1, hasRival: false, isNoticed: true },
    {
      name: "an answer is lost and others append",
      fault: { kind: "cutAfter" },
      times: 1,
      hasRival: true,
      isNoticed: false,
    },
  ])
})
