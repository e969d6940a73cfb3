import { expect, it } from "vitest"
import { printTable, runTable } from "./support/crashTable.ts"

it("a settlement that is cut at every single operation, also one that changes nothing, is settled once", async () => {
  const table = await runTable(true)
  console.log(printTable(table))
  expect([...table.cells.values()].flatMap(({ faults }) => faults)).toEqual([])
})
