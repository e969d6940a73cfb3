/** Every error says what was wrong, where, and what to do; its tag tells it apart. */
import {
  Conflict,
  CorruptLine,
  decodeLine,
  FactTooLarge,
  InvalidAppend,
  InvalidFact,
  refuseRequestId,
  StoreFull,
  StoreLocked,
  StorePoisoned,
  StoreRefused,
  StoreUnavailable,
} from "@waybill/ledger"
import { Result } from "effect"
import { expect, it } from "vitest"

const where = "ledger.jsonl"

it.each<readonly [string, Error & { readonly _tag: string }, string]>([
  [
    "Conflict",
    new Conflict({ job_id: "j1", because: { kind: "position", expected: 3, actual: 5 } }),
    'job "j1": expected its last fact at position 3, found 5',
  ],
  [
    "Conflict",
    new Conflict({
      job_id: "j1",
      because: { kind: "unique_key", event_type: "door.installed", value: "s1", held_by: "e1" },
    }),
    'door.installed: the key "s1" is held by e1',
  ],
  ["InvalidAppend", new InvalidAppend({ reason: "actor is required" }), "actor is required"],
  [
    "FactTooLarge",
    new FactTooLarge({ event_type: "door.opened", job_id: "j1", bytes: 11, bytes_max: 10 }),
    'door.opened of job "j1": 11 bytes, at most 10',
  ],
  [
    "StorePoisoned",
    new StorePoisoned({ where, cause: new Error("EIO") }),
    "ledger.jsonl: a write failed, nothing was acknowledged; the store re-reads itself before the next append",
  ],
  [
    "StorePoisoned",
    new StorePoisoned({ where, cause: new Error("cut"), reason: "nobody knows" }),
    "ledger.jsonl: nobody knows",
  ],
  ["StoreLocked", new StoreLocked({ where, holder: "process 7" }), "ledger.jsonl is held by process 7"],
  ["StoreFull", new StoreFull({ where }), "ledger.jsonl: no space left; nothing was recorded"],
  ["StoreRefused", new StoreRefused({ where, reason: "is a directory" }), "ledger.jsonl: is a directory"],
  ["StoreUnavailable", new StoreUnavailable({ where, cause: new Error("ENOENT") }), "ledger.jsonl: ENOENT"],
  ["StoreUnavailable", new StoreUnavailable({ where, cause: "gone" }), "ledger.jsonl: gone"],
  ["CorruptLine", new CorruptLine({ reason: "invalid json" }), "invalid json"],
  [
    "InvalidFact",
    new InvalidFact({
      event_type: "door.opened",
      issues: [
        { path: "by", message: "is empty" },
        { path: "job_id", message: "is reserved" },
      ],
    }),
    "door.opened: by is empty; job_id is reserved",
  ],
])("%s", (tag, error, message) => {
  expect(error).toBeInstanceOf(Error)
  expect([error._tag, error.message]).toEqual([tag, message])
})

it.each([
  ["", "is required"],
  [" ", "is required"],
  ["\u00a0", "is required"],
  ["a b", "must not contain whitespace"],
  ["a\tb", "must not contain whitespace"],
  ["a\rb", "must not contain whitespace"],
  ["a\n", "must not contain whitespace"],
  ["a\ud800", "contains a lone surrogate"],
  // What the contract does not forbid stays allowed.
  ["a\u00a0b", undefined],
  ["r", undefined],
])("the request id %j", (id, reason) => expect(refuseRequestId(id)).toBe(reason))

it("what the parser of JSON says is passed on", () => {
  const read = decodeLine("{")
  expect(Result.isFailure(read) && read.failure.reason).toMatch(/^invalid json: .*JSON/u)
})
