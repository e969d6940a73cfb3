import { describe } from "vitest"
import { usePostgres } from "./support/postgres.ts"
import { testWays } from "./support/postgresFaults.ts"

describe("whatever operations fail in a row", () => {
  testWays(usePostgres({ auth: "trust" }), [
    { name: "three cuts", fault: { kind: "cut" }, times: 3, hasRival: false, isNoticed: false },
    { name: "five cuts", fault: { kind: "cut" }, times: 5, hasRival: false, isNoticed: false },
    { name: "two answers lost", fault: { kind: "cutAfter" }, times: 2, hasRival: false, isNoticed: false },
    { name: "two deadlocks", fault: { kind: "refuse", code: "40P01" }, times: 2, hasRival: false, isNoticed: false },
    {
      name: "a server that shuts down",
      fault: { kind: "refuse", code: "57P01" },
      times: 2,
      hasRival: false,
      isNoticed: false,
    },
    { name: "a cut while others append", fault: { kind: "cut" }, times: 1, hasRival: true, isNoticed: false },
    { name: "three cuts while others append", fault: { kind: "cut" }, times: 3, hasRival: true, isNoticed: false },
    {
      name: "an unknown refusal",
      fault: { kind: "refuse", code: "XX000" },
      times: 1,
      hasRival: false,
      isNoticed: true,
    },
  ])
})
