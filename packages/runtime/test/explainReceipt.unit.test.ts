import { expect, it } from "vitest"
import type { AgentReceipt } from "../src/index.ts"
import { explainReceipt } from "../src/agent/explainReceipt.ts"

const failed = (diagnostics: AgentReceipt["diagnostics"]): AgentReceipt => ({
  submitRunId: "run_1",
  ok: false,
  reason: "tool_error",
  diagnostics,
})

it("an agent's end is explained by its exit and by where its words are kept, not by the words", () => {
  expect(
    explainReceipt(
      failed({
        exit: { kind: "code", code: 3 },
        stderr: { path: "/runs/1/stderr.log", bytes: 12, dropped_bytes: 5 },
        stdout: { path: "/runs/1/stdout.log", bytes: 0, dropped_bytes: 0 },
        leftovers: { ended: 1, remaining: [7] },
      }),
    ),
  ).toBe(
    "tool_error; it exited with 3; 1 of its processes could not be ended; its standard error is in /runs/1/stderr.log (12 bytes, 5 more were dropped)",
  )
  expect(explainReceipt(failed({ exit: { kind: "signal", signal: "SIGSEGV" } }))).toBe(
    "tool_error; it was ended by SIGSEGV",
  )
  expect(explainReceipt(failed({ note: "sh could not be started: no such file or directory (ENOENT)" }))).toBe(
    "tool_error; sh could not be started: no such file or directory (ENOENT)",
  )
})
